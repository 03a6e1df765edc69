/** Scripts that ask `gccflow completion SHELL -- WORDS` for candidates. `--` keeps the typed flags from being taken for its own. */
export const completionScripts = {
  bash: `_gccflow() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(gccflow completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gccflow gccflow`,
  zsh: `_gccflow() {
  local -a candidates
  candidates=("\${(@f)$(gccflow completion zsh -- "\${(@)words[2,$CURRENT]}" 2>/dev/null)}")
  compadd -- $candidates
}
compdef _gccflow gccflow`,
  fish: `complete -c gccflow -f -a '(gccflow completion fish -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
} as const;
