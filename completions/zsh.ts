/** zsh: the same walk over the words; compadd quotes what it inserts. */
import { type Place, places, quote } from "./words.ts";

export function zshScript(): string {
  const all = places();
  return `#compdef spectest
# Completions of spectest for zsh. Generated from the command table.
# Words come from files that spectest leaves behind; nothing is evaluated and nothing is run.

__spectest_place() {
  subcommands=() options=() arguments=() described=() many= passthrough=
  case "$1" in
${all.map(placeCase).join("\n")}
  esac
}

__spectest_kind() {
  kind=
  case "$1 $2" in
${kindCases(all)}
  esac
}

__spectest_project() {
  local dir=$PWD
  while [[ -n $dir && ! -d $dir/.spectest ]]; do dir=\${dir%/*}; done
  REPLY=$dir/.spectest
}

__spectest_offer() {
  local REPLY
  local -a found
  case "$1" in
    choice:*) found=("\${(@s:,:)1#choice:}") ;;
    file|text) _files; return ;;
    directory) _files -/; return ;;
    test|service) __spectest_project; [[ -r $REPLY/words/$1 ]] && found=("\${(@f)$(<$REPLY/words/$1)}") ;;
    run) __spectest_project; found=($REPLY/runs/*(N/:t)) ;;
    vm|snapshot|image)
      REPLY=\${SPECTEST_HOME:-\${XDG_CACHE_HOME:-$HOME/.cache}/spectest}/words/$1
      [[ -r $REPLY ]] && found=("\${(@f)$(<$REPLY)}") ;;
  esac
  (( \${#found} )) && compadd -- "\${found[@]}"
}

_spectest() {
  local cur=\${words[CURRENT]} word kind= spath= many passthrough
  local -i i count=0
  local -a subcommands options arguments described
  __spectest_place ""
  for (( i = 2; i < CURRENT; i++ )); do
    word=\${(Q)words[i]}
    if [[ -n $kind ]]; then kind=; continue; fi
    if [[ $word == -?* && $word != -- ]]; then
      [[ $word == *=* ]] || __spectest_kind "$spath" "$word"
      continue
    fi
    if (( count == 0 && \${subcommands[(Ie)$word]} )); then
      spath=\${spath:+$spath }$word
      __spectest_place "$spath"
      continue
    fi
    [[ $word == -- ]] || (( count++ ))
    if [[ -n $passthrough && $count -gt 0 ]]; then _files; return; fi
  done
  if [[ -z $kind && $cur == --*=* ]]; then
    __spectest_kind "$spath" "\${cur%%=*}"
    compset -P '*='
  fi
  if [[ -n $kind ]]; then __spectest_offer "$kind"
  elif [[ $cur == -* ]]; then compadd -- "\${options[@]}"
  else
    (( \${#described} )) && _describe -t commands 'command' described
    if (( count < \${#arguments} )); then __spectest_offer "\${arguments[count + 1]}"
    elif [[ -n $many ]]; then __spectest_offer "\${arguments[-1]}"; fi
  fi
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _spectest "$@"; else compdef _spectest spectest; fi
`;
}

function placeCase({ path, commands, options, args, many, passThrough }: Place): string {
  const parts = [
    `subcommands=(${commands.map(({ name }) => name).join(" ")})`,
    `described=(${commands.map(({ name, does }) => quote(`${name}:${does}`)).join(" ")})`,
    `options=(${options.flatMap(({ flags }) => flags).join(" ")})`,
    `arguments=(${args.map(quote).join(" ")})`,
    ...(many ? ["many=1"] : []),
    ...(passThrough ? ["passthrough=1"] : []),
  ];
  return `    ${quote(path)}) ${parts.join(" ")} ;;`;
}

function kindCases(all: readonly Place[]): string {
  return all
    .flatMap(({ path, options }) =>
      options.flatMap(({ flags, kind }) =>
        kind === undefined ? [] : [`    ${flags.map((flag) => quote(`${path} ${flag}`)).join("|")}) kind=${quote(kind)} ;;`],
      ),
    )
    .join("\n");
}
