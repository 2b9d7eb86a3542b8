# bash completion for retentiond(8), made by tools/completions from --help
_retentiond() {
  local word=$2 before=$3 command='' words='' part skip=''
  COMPREPLY=()
  case $before in
    --config|--drop-in)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return ;;
    --at|--cascade|--count|--from|--head|--kind|--limit|--serve|--timezone)
      return ;;
  esac
  for part in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [ -n "$skip" ]; then
      skip=''
      continue
    fi
    case $part in --config|--drop-in|--at|--cascade|--count|--from|--head|--kind|--limit|--serve|--timezone) skip=yes ;; esac
    case "${command:+$command }$part" in
      'serve'|'plan'|'next'|'status'|'runs'|'why'|'audit'|'audit list'|'audit verify'|'alert'|'alert test'|'check'|'init'|'demo') command="${command:+$command }$part" ;;
    esac
  done
  case $command in
    '') words='serve plan next status runs why audit alert check init demo -h --help --version --config --json' ;;
    'serve') words='-h --help --config --json' ;;
    'plan') words='-h --help --at --config --json' ;;
    'next') words='-h --help --count --from --timezone --config --json' ;;
    'status') words='-h --help --watch --config --json' ;;
    'runs') words='-h --help --limit --config --json' ;;
    'why') words='-h --help --config --json' ;;
    'audit') words='list verify -h --help --config --json' ;;
    'audit list') words='-h --help --from --config --json' ;;
    'audit verify') words='-h --help --head --config --json' ;;
    'alert') words='test -h --help --config --json' ;;
    'alert test') words='-h --help --kind --config --json' ;;
    'check') words='-h --help --fix --cascade --config --json' ;;
    'init') words='-h --help --write --drop-in --config --json' ;;
    'demo') words='-h --help --keep --serve --config --json' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  case $command in
    'why') mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word") ;;
  esac
}
complete -o filenames -F _retentiond retentiond
