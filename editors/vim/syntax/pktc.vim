" Vim syntax file: pktc rules
" Generated from the field and action table; run `npm run generate` after a change there.

if exists('b:current_syntax')
  finish
endif

syn match pktcName '\v[0-9A-Za-z_.-]@1<![A-Za-z_]\w*%([.-]\w+)*'
syn match pktcConstant '\v[0-9A-Za-z_.-]@1<!%(destination-unreachable|neighbor-advertisement|neighbor-solicitation|address-mask-request|mld2-listener-report|router-advertisement|mld-listener-report|router-solicitation|strict-source-route|address-mask-reply|loose-source-route|mld-listener-query|mld-listener-done|parameter-problem|timestamp-request|pppoe-discovery|timestamp-reply|mpls-multicast|packet-too-big|sack-permitted|source-quench|time-exceeded|echo-request|info-request|record-route|router-alert|user-timeout|window-scale|destination|echo-reply|hop-by-hop|info-reply|timestamps|broadcast|fast-open|multicast|stream-id|timestamp|fragment|redirect|security|ingress|not-ect|routing|udplite|egress|macsec|eapol|eigrp|first|icmp6|later|mptcp|pppoe|af11|af12|af13|af21|af22|af23|af31|af32|af33|af41|af42|af43|ect0|ect1|icmp|igmp|ipip|l2tp|lldp|mpls|none|ospf|rarp|sack|sctp|vrrp|arp|cs0|cs1|cs2|cs3|cs4|cs5|cs6|cs7|esp|gre|ip6|md5|mss|nop|pim|ptp|tcp|udp|yes|ah|ao|ce|ef|ip|le|no|va)%([.-]?\w)@!'
syn match pktcConstant '\v[0-9A-Za-z_.-]@1<!%(malformed|icmp6|icmp|sctp|any|arp|ip6|tcp|udp|ip)%([.-]?\w)@!'
syn match pktcField '\v[0-9A-Za-z_.-]@1<!%(http\.latency|http\.method|http\.status|payload\.len|tls\.version|geneve\.vni|http\.route|ip\.options|mpls\.label|ssh\.banner|tcp\.hdrlen|tcp\.option|tcp\.window|vlan\.depth|direction|dns\.qname|dns\.qtype|dns\.rcode|ethertype|http\.host|http\.path|icmp\.code|icmp\.type|ip\.hdrlen|transport|vxlan\.vni|baseline|distinct|ip6\.flow|vlan\.pcp|gre\.key|ip6\.ext|network|payload|tcp\.ack|tcp\.mss|tcp\.seq|tls\.sni|udp\.len|ip\.len|dport|flags|frame|iface|inner|ip\.df|ip\.id|proto|sport|addr|dmac|dscp|frag|mark|port|rate|smac|vlan|dst|ecn|len|p99|pps|rtt|src|ttl)%([.-]?\w)@!'
syn match pktcFlag '\v[0-9A-Za-z_.-]@1<!%(ACK|CWR|ECE|FIN|PSH|RST|SYN|URG)%([.-]?\w)@!'
syn match pktcKeyword '\v[0-9A-Za-z_.-]@1<!%(expect|unless|within|then|when|per)%([.-]?\w)@!'
syn match pktcWordOperator '\v[0-9A-Za-z_.-]@1<!%(contains|starts|ends|and|not|in|or)%([.-]?\w)@!'
syn match pktcNumber '\v[0-9A-Za-z_.]@1<!\d+%(\.\d+)?%(\a\w*|\%)?'
syn match pktcNumber '\v[0-9A-Za-z_.]@1<!0[xX]\x+\w@!'
syn match pktcRate '\v[0-9A-Za-z_.]@1<!\d+\/\d+[0-9A-Za-z_.]@!'
syn match pktcRate '\v[0-9A-Za-z_.]@1<!\d+%(\.\d+)?\a*\/%(ms|s|min|m|h|d|w)[0-9A-Za-z_.-]@!'
syn match pktcError '\v[0-9A-Za-z_.:]@1<!%(\d+%(\.\d+){2,}%([/:][0-9A-Za-z_.]*)?|\d+\.\d+\/\d+)'
syn match pktcAddress '\v[0-9A-Za-z_.:]@1<!%(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)%(\.%(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}%(:\d+|\/%(3[0-2]|[12]?\d))?%([0-9A-Za-z_:]|[./]\d)@!'
syn match pktcAddress '\v[0-9A-Za-z_.:]@1<!\x*:\x*:[0-9A-Fa-f:.]*%(\/%(12[0-8]|1[01]\d|[1-9]?\d))?[0-9A-Za-z_/]@!'
syn match pktcAddress '\v\[\x*:\x*:[0-9A-Fa-f:.]*\]:\d+[0-9A-Za-z_.:]@!'
syn match pktcAddress '\v[0-9A-Za-z_:-]@1<!\x{2}%([:-]\x{2}){5}%(\/\d+)?[0-9A-Za-z_:-]@!'
syn match pktcOperator '[<>!=&*-]'
syn match pktcParameter '\v[0-9A-Za-z_.-]@1<!%(capture|nocase|packet|from|by|payload|sample|unless|else|for)%([.-]?\w)@!' contained containedin=pktcActions
syn match pktcAction '\v[0-9A-Za-z_.-]@1<!%(distinct|capture|alert|block|count|learn|limit|flow|hist|mark|add|log|top)%([.-]?\w)@!' contained containedin=pktcActions
syn match pktcVerdict '\v[0-9A-Za-z_.-]@1<!%(redirect|balance|rewrite|reject|audit|drop|pass)%([.-]?\w)@!' contained containedin=pktcActions
syn region pktcActions matchgroup=pktcOperator start='->' end='\v([0-9A-Za-z_.-]@1<!%(default|include|match|hook|test|let|set)%([.-]?\w)@!|[0-9A-Za-z_.-]@1<![A-Za-z_]\w*%([.-]\w+)*:[0-9A-Za-z_:.]@!)'me=s-1 contains=TOP,pktcActions,pktcLabel,pktcStatement
syn region pktcActions matchgroup=pktcStatement start='\v[0-9A-Za-z_.-]@1<!%(default)%([.-]?\w)@!' end='\v([0-9A-Za-z_.-]@1<!%(default|include|match|hook|test|let|set)%([.-]?\w)@!|[0-9A-Za-z_.-]@1<![A-Za-z_]\w*%([.-]\w+)*:[0-9A-Za-z_:.]@!)'me=s-1 contains=TOP,pktcActions,pktcLabel,pktcStatement
syn region pktcTuple start='(' end=')' contained containedin=pktcActions contains=TOP,pktcActions,pktcLabel,pktcStatement
syn match pktcStatement '\v[0-9A-Za-z_.-]@1<!%(include|match|hook|test|let|set)%([.-]?\w)@!'
syn match pktcLabel '\v[0-9A-Za-z_.-]@1<![A-Za-z_]\w*%([.-]\w+)*:[0-9A-Za-z_:.]@!'
syn match pktcName '\v%([0-9A-Za-z_.-]@1<!set\s+)@64<=[A-Za-z_]\w*%([.-]\w+)*'
syn match pktcParameter '\v%([0-9A-Za-z_.-]@1<!set\s+[A-Za-z_]\w*%([.-]\w+)*\s+)@64<=from%([.-]?\w)@!'
syn match pktcConstant '\v%([0-9A-Za-z_.-]@1<!hook\s+)@64<=[A-Za-z_]\w*%([.-]\w+)*'
syn match pktcParameter '\v%(^\s*)@<=%(packet|capture)%([.-]?\w)@!'
syn match pktcParameter '\v[0-9A-Za-z_.-]@1<!nocase%(\s*["{])@='
syn match pktcVerdict '\v%([0-9A-Za-z_.-]@1<!expect\s+)@64<=[0-9A-Za-z_.-]@1<!%(redirect|balance|rewrite|reject|audit|drop|pass)%([.-]?\w)@!'
syn match pktcKeyword '\v%([0-9A-Za-z_.-]@1<!expect\s+\w+%(\s+\d+)?\s+)@64<=by%([.-]?\w)@!'
syn match pktcLabel '\v%([0-9A-Za-z_.-]@1<!expect\s+\w+%(\s+\d+)?\s+by\s+)@64<=[A-Za-z_]\w*%([.-]\w+)*'
syn region pktcString start='"' skip='\\.' end='"' end='$' contains=pktcEscape
syn match pktcError '\v\\.' contained containedin=pktcString
syn match pktcEscape '\v\\%([nrt"\\]|x\x{2})' contained
syn match pktcComment '#.*$' contains=@Spell

hi def link pktcComment Comment
hi def link pktcString String
hi def link pktcEscape SpecialChar
hi def link pktcError Error
hi def link pktcNumber Number
hi def link pktcRate Number
hi def link pktcAddress Number
hi def link pktcConstant Constant
hi def link pktcFlag Constant
hi def link pktcField Type
hi def link pktcName Identifier
hi def link pktcLabel Label
hi def link pktcKeyword Keyword
hi def link pktcStatement Statement
hi def link pktcWordOperator Operator
hi def link pktcOperator Operator
hi def link pktcVerdict Statement
hi def link pktcAction Function
hi def link pktcParameter Keyword

syn sync fromstart
let b:current_syntax = 'pktc'
