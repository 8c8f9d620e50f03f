# bash completion of the fairlead command. tests/unit/cli compares it with the command's --help.
_fairlead() {
  local nouns="status networks endpoints ports drops ipam version teardown"
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} noun="" each
  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ " $nouns " == *" $each "* ]] && noun=$each
  done
  case $before in
    -o | --output) mapfile -t COMPREPLY < <(compgen -W "table json" -- "$word"); return ;;
    --socket) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --pin-dir | --state-dir | --plugin-socket) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
  esac
  local choices
  case $noun in
    "") choices="$nouns --socket --help" ;;
    teardown) choices="--all --dry-run --pin-dir --state-dir --host-device --plugin-socket --socket --help" ;;
    version) choices="--socket --help" ;;
    *) choices="-o --output --socket --help" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -F _fairlead fairlead
