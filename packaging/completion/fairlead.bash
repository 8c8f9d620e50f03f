# bash completion of the fairlead command. tests/unit/cli compares it with the command's --help.
_fairlead() {
  local nouns="status networks endpoints ports drops ipam peers cluster cni version teardown"
  local rules="allow deny reset" doors="install uninstall show"
  local verbs="init join leave status export import forget accept"
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} noun="" verb="" each
  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $noun == cluster && " $verbs " == *" $each "* ]] || [[ $noun == ports && " $rules " == *" $each "* ]] ||
      [[ $noun == cni && " $doors " == *" $each "* ]]; then
      verb=$each
    elif [[ -z $noun && " $nouns " == *" $each "* ]]; then
      noun=$each
    fi
  done
  case $before in
    -o | --output) mapfile -t COMPREPLY < <(compgen -W "table json" -- "$word"); return ;;
    --socket | --ca | --cert | --key | --password-file | --binary) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --pin-dir | --state-dir | --plugin-socket | --dir | --bin-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
  esac
  local choices
  case $noun:$verb in
    :) choices="$nouns --socket --help" ;;
    ports:) choices="$rules -o --output --socket --help" ;;
    cluster:) choices="$verbs --socket --help" ;;
    cluster:init | cluster:join)
      choices="--etcd --name --node --ca --cert --key --user --password-file --port --underlay --no-mirror"
      choices+=" --socket --help" ;;
    cluster:leave | cluster:forget) choices="--force --socket --help" ;;
    cluster:import) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    cluster:export | cluster:accept | version:) choices="--socket --help" ;;
    cni:) choices="$doors --socket --help" ;;
    cni:install)
      choices="--name --default --dir --bin-dir --binary --network --subnet --gateway --range --ipv6-subnet --mtu"
      choices+=" --internal --socket --help" ;;
    cni:uninstall) choices="--name --dir --bin-dir --socket --help" ;;
    cni:show) choices="--dir --bin-dir -o --output --socket --help" ;;
    teardown:) choices="--all --dry-run --pin-dir --state-dir --host-device --plugin-socket --socket --help" ;;
    *) choices="-o --output --socket --help" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -F _fairlead fairlead
