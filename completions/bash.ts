/** bash, 3.2 and newer: no associative arrays, no mapfile, and nothing that was typed is ever evaluated. */
import { type Place, places, quote } from "./words.ts";

export function bashScript(): string {
  const all = places();
  return `# Completions of spectest for bash. Generated from the command table.
# Words come from files that spectest leaves behind; nothing is evaluated and nothing is run.

__spectest_place() {
  subcommands=() options=() arguments=() many= passthrough=
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

${walk}`;
}

/** The part that is the same whatever the table says. */
const walk = `__spectest_read() {
  local line
  [[ -r $1 ]] || return 0
  while IFS= read -r line; do candidates+=("$line"); done <"$1"
}

__spectest_offer() {
  local IFS=$' \\t\\n' dir=$PWD run
  case "$1" in
    choice:*) IFS=, read -r -a candidates <<<"\${1#choice:}" ;;
    file | text) files=1 ;;
    directory) files=2 ;;
    test | service)
      while [[ -n $dir && ! -d $dir/.spectest ]]; do dir=\${dir%/*}; done
      __spectest_read "$dir/.spectest/words/$1" ;;
    run)
      while [[ -n $dir && ! -d $dir/.spectest ]]; do dir=\${dir%/*}; done
      for run in "$dir"/.spectest/runs/*/; do [[ -d $run ]] && run=\${run%/} && candidates+=("\${run##*/}"); done ;;
    vm | snapshot | image) __spectest_read "\${SPECTEST_HOME:-\${XDG_CACHE_HOME:-$HOME/.cache}/spectest}/words/$1" ;;
  esac
}

_spectest() {
  local cur word kind path= count=0 i files= candidate quoted
  local subcommands options arguments many passthrough candidates=()
  COMPREPLY=()
  cur=\${COMP_WORDS[COMP_CWORD]}
  [[ $cur == "=" ]] && cur=
  __spectest_place ""
  kind=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == "=" ]] && continue
    if [[ -n $kind ]]; then kind=; continue; fi
    if [[ $word == -?* && $word != -- ]]; then __spectest_kind "$path" "$word"; continue; fi
    for candidate in "\${subcommands[@]}"; do
      if [[ $count == 0 && $candidate == "$word" ]]; then
        path=\${path:+$path }$word
        __spectest_place "$path"
        continue 2
      fi
    done
    [[ $word == -- ]] || count=$((count + 1))
    if [[ -n $passthrough && $count -gt 0 ]]; then files=1; break; fi
  done
  if [[ -n $files ]]; then :
  elif [[ -n $kind ]]; then __spectest_offer "$kind"
  elif [[ $cur == -* ]]; then candidates=("\${options[@]}")
  else
    candidates=("\${subcommands[@]}")
    if ((count < \${#arguments[@]})); then __spectest_offer "\${arguments[count]}"
    elif [[ -n $many ]]; then __spectest_offer "\${arguments[\${#arguments[@]} - 1]}"; fi
  fi
  word=\${cur#[\\"\\']}
  word=\${word//\\\\/}
  for candidate in "\${candidates[@]}"; do
    [[ $candidate == "$word"* ]] || continue
    if [[ $cur == [\\"\\']* ]]; then quoted=$candidate; else printf -v quoted %q "$candidate"; fi
    COMPREPLY+=("$quoted")
  done
  if [[ -n $files ]]; then
    type compopt &>/dev/null && compopt -o filenames
    while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(if [[ $files == 2 ]]; then compgen -d -- "$cur"; else compgen -f -- "$cur"; fi)
  fi
}
complete -F _spectest spectest
`;

function placeCase({ path, commands, options, args, many, passThrough }: Place): string {
  const parts = [
    `subcommands=(${commands.map(({ name }) => name).join(" ")})`,
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
        kind === undefined ? [] : [`    ${flags.map((flag) => quote(`${path} ${flag}`)).join(" | ")}) kind=${quote(kind)} ;;`],
      ),
    )
    .join("\n");
}
