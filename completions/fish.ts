/** fish: one function prints candidates with descriptions; fish itself filters and quotes them. */
import { type Place, places, quote } from "./words.ts";

export function fishScript(): string {
  const all = places();
  const passThrough = all
    .filter((place) => place.passThrough)
    .map((place) => quote(place.path))
    .join(" ");
  return `# Completions of spectest for fish. Generated from the command table.
# Words come from files that spectest leaves behind; nothing is evaluated and nothing is run.

function __spectest_subcommands
    switch "$argv[1]"
${all
  .filter((place) => place.commands.length > 0)
  .map(commandCase)
  .join("\n")}
    end
end

function __spectest_options
    switch "$argv[1]"
${all.map(optionCase).join("\n")}
    end
end

function __spectest_arguments
    switch "$argv[1]"
${all
  .filter((place) => place.args.length > 0)
  .map(argumentCase)
  .join("\n")}
    end
end

function __spectest_kind
    switch "$argv[1] $argv[2]"
${kindCases(all)}
    end
end

${offer}${walk(passThrough)}`;
}

/** Candidates of one kind. */
const offer = `function __spectest_project
    set -l dir $PWD
    while test -n "$dir"; and not test -d "$dir/.spectest"
        set dir (string replace -r '/[^/]*$' '' -- $dir)
    end
    echo "$dir/.spectest"
end

function __spectest_words
    test -r "$argv[1]"; and cat "$argv[1]"
end

function __spectest_offer
    set -l home ~/.cache
    set -q XDG_CACHE_HOME; and set home $XDG_CACHE_HOME
    set home $home/spectest
    set -q SPECTEST_HOME; and set home $SPECTEST_HOME
    switch "$argv[1]"
        case 'choice:*'
            string split , -- (string replace 'choice:' '' -- $argv[1])
        case file text
            __fish_complete_path (commandline -ct)
        case directory
            __fish_complete_directories (commandline -ct) ''
        case test service
            __spectest_words (__spectest_project)/words/$argv[1]
        case run
            for run in (__spectest_project)/runs/*/
                string split -r -m1 / -- (string trim -r -c / -- $run) | tail -n 1
            end
        case vm snapshot image
            __spectest_words $home/words/$argv[1]
    end
end

`;

/** From the words typed so far to the place they lead to, and what may follow there. */
function walk(passThrough: string): string {
  return `function __spectest_complete
    set -l tokens (commandline -opc)
    set -l cur (commandline -ct)
    set -l path ''
    set -l kind ''
    set -l count 0
    for word in $tokens[2..-1]
        if test -n "$kind"
            set kind ''
            continue
        end
        if string match -q -- '-?*' $word; and test "$word" != --
            set kind (__spectest_kind "$path" "$word")
            continue
        end
        if test $count = 0; and contains -- $word (__spectest_subcommands "$path" | string split -f1 \\t)
            set path (string trim -- "$path $word")
            continue
        end
        test "$word" = --; or set count (math $count + 1)
        if test $count -gt 0; and contains -- "$path" ${passThrough}
            __fish_complete_path $cur
            return
        end
    end
    if test -n "$kind"
        __spectest_offer $kind
    else if string match -q -- '-*' $cur
        __spectest_options "$path"
    else
        __spectest_subcommands "$path"
        set -l arguments (__spectest_arguments "$path")
        set -l many
        if test (count $arguments) -gt 0; and test "$arguments[-1]" = many
            set many $arguments[-2]
            set -e arguments[-1]
        end
        if test $count -lt (count $arguments)
            __spectest_offer $arguments[(math $count + 1)]
        else if test -n "$many"
            __spectest_offer $many
        end
    end
end

complete -c spectest -f -a '(__spectest_complete)'
`;
}

function printed(lines: readonly string[]): string {
  return lines.length === 0 ? "            true" : `            printf '%s\\n' ${lines.join(" ")}`;
}

/** A word and what it does, with a real tab between: fish's own form. */
function described(word: string, does: string): string {
  return quote(`${word}\t${does}`);
}

function commandCase({ path, commands }: Place): string {
  return `        case ${quote(path)}\n${printed(commands.map(({ name, does }) => described(name, does)))}`;
}

function optionCase({ path, options }: Place): string {
  return `        case ${quote(path)}\n${printed(options.flatMap(({ flags, does }) => flags.map((flag) => described(flag, does))))}`;
}

function argumentCase({ path, args, many }: Place): string {
  return `        case ${quote(path)}\n${printed([...args, ...(many ? ["many"] : [])].map(quote))}`;
}

function kindCases(all: readonly Place[]): string {
  return all
    .flatMap(({ path, options }) =>
      options.flatMap(({ flags, kind }) =>
        kind === undefined
          ? []
          : [`        case ${flags.map((flag) => quote(`${path} ${flag}`)).join(" ")}\n            echo ${quote(kind)}`],
      ),
    )
    .join("\n");
}
