" udev, polkit, audit, Snort and Suricata have `.rules` files too. One of ours is told by its contents: a statement of the
" language in the first hundred lines. A new file is ours unless it is made in a folder of theirs.

function! s:IsPktc() abort
  if expand('%:p') =~# '\v/(udev|polkit-1|audit|snort|suricata)/'
    return 0
  endif
  let l:lines = getline(1, 100)
  if l:lines ==# ['']
    return 1
  endif
  return match(l:lines, '\v^\s*(([A-Za-z_][0-9A-Za-z_.-]*:\s*)?match\s|(hook|default|include)\s+\S|let\s+\S+\s*\=|set\s+\S+\s*(:|from>)|test\s+")') >= 0
endfunction

" Vim takes every other `.rules` file for Snort's first, whose plugin leaves options and maps behind with no way to undo them.
function! s:Detect() abort
  if !s:IsPktc()
    return
  endif
  unlet! b:did_ftplugin
  silent! nunmap <buffer> ]]
  silent! nunmap <buffer> [[
  setlocal define<
  set filetype=pktc
endfunction

autocmd BufRead,BufNewFile *.rules call s:Detect()
