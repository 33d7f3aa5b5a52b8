import { COMMAND_PATH, type CompletionPlace } from './completion-tree.ts';

/** Completion scripts: static text, so that a package can install them as files. */
export type ShellName = 'bash' | 'zsh' | 'fish';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Finds the place: the first two words that are no options; behind /CMD the commands of vpncmd. */
const findPlace = (words: string, from: string): string[] => [
  '  local path="" word',
  `  for word in "${words}"; do`,
  '    case "$word" in',
  `      /[Cc][Mm][Dd]) path=${quoted(COMMAND_PATH)}; break ;;`,
  '      -*|/*|*:*) ;;',
  '      *) case "$path" in *" "*) ;; "") path="$word" ;; *) path="$path $word" ;; esac ;;',
  '    esac',
  '  done',
  ...(from === '' ? [] : [from]),
];

/** `hubfarm cmd HOST …`: the host is no verb. */
const hostIsNoVerb = `  case "$path" in ${quoted(COMMAND_PATH)}) ;; "cmd "*) path=cmd ;; esac`;

function bash(places: readonly CompletionPlace[]): string[] {
  const cases = places.map(
    ({ path, choices }) => `    ${quoted(path)}) choices=${quoted(choices.map(({ word }) => word).join(' '))} ;;`,
  );
  return [
    '# bash completion for hubfarm: source it, or put it into /usr/share/bash-completion/completions/hubfarm',
    '_hubfarm() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" choices=""',
    ...findPlace('${COMP_WORDS[@]:1:COMP_CWORD-1}', hostIsNoVerb),
    '  case "$path" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$choices" -- "$current"))',
    '}',
    'complete -o default -F _hubfarm hubfarm',
  ];
}

/** A colon parts the word from its description. */
const described = ({ word, about }: { word: string; about: string }): string =>
  quoted(`${word.replaceAll(':', '\\:')}:${about.replaceAll(':', '\\:')}`);

function zsh(places: readonly CompletionPlace[]): string[] {
  const cases = places.map(
    ({ path, choices }) => `    ${quoted(path)}) choices=(${choices.map(described).join(' ')}) ;;`,
  );
  return [
    '#compdef hubfarm',
    '# zsh completion for hubfarm: put it as _hubfarm into a folder of $fpath',
    '_hubfarm() {',
    '  local -a choices',
    ...findPlace('${words[@]:1:CURRENT-2}', hostIsNoVerb),
    '  case "$path" in',
    ...cases,
    '    *) _files; return ;;',
    '  esac',
    "  _describe 'hubfarm' choices || _files",
    '}',
    '_hubfarm "$@"',
  ];
}

function fish(places: readonly CompletionPlace[]): string[] {
  const cases = places.flatMap(({ path, choices }) => [
    `    case ${quoted(path)}`,
    `      printf '%s\\t%s\\n' ${choices.map(({ word, about }) => `${fishQuoted(word)} ${fishQuoted(about)}`).join(' ')}`,
  ]);
  return [
    '# fish completion for hubfarm: put it into ~/.config/fish/completions/hubfarm.fish',
    'function __hubfarm_choices',
    '  set -l path',
    '  for word in (commandline -opc)[2..-1]',
    '    switch (string lower -- $word)',
    "      case '/cmd'",
    `        set path ${COMMAND_PATH}`,
    '        break',
    "      case '-*' '/*' '*:*'",
    "      case '*'",
    '        if test (count $path) -lt 2; set -a path $word; end',
    '    end',
    '  end',
    `  if test "$path[1]" = cmd; and test "$path" != ${quoted(COMMAND_PATH)}; set path cmd; end`,
    '  switch "$path"',
    ...cases,
    '  end',
    'end',
    "complete -c hubfarm -a '(__hubfarm_choices)'",
  ];
}

/** In fish a backslash escapes inside single quotes too. */
const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export function completionScript(shell: ShellName, places: readonly CompletionPlace[]): string {
  return `${{ bash, zsh, fish }[shell](places).join('\n')}\n`;
}
