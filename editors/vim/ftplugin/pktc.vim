if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal comments=:# commentstring=#\ %s
setlocal formatoptions-=t formatoptions+=croql
setlocal suffixesadd=.rules
setlocal include=^\\s*include\\s
let &l:includeexpr = 'trim(v:fname, ''"'')'

let b:undo_ftplugin = 'setlocal comments< commentstring< formatoptions< suffixesadd< include< includeexpr<'
