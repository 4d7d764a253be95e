import yargs from 'yargs';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Asks pktc itself, like the scripts that yargs makes for the other shells; files where it has nothing to offer. */
const FISH = `# fish completion for pktc: pktc completion fish > ~/.config/fish/completions/pktc.fish
function __pktc_completions
    set -l words (commandline -opc)
    set -l offered (pktc --get-yargs-completions $words[2..-1] (commandline -ct) 2>/dev/null)
    if test (count $offered) -gt 0
        printf '%s\\n' $offered
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c pktc -f -a '(__pktc_completions)'
`;

/** yargs looks at the environment to know the shell, when it is made. */
function scriptFromYargs(shell: 'bash' | 'zsh'): void {
  delete process.env.ZSH_NAME;
  process.env.SHELL = `/bin/${shell}`;
  yargs([]).scriptName('pktc').showCompletionScript();
}

export const completionCommand: Command<{ shell: Shell }> = {
  usage: 'completion [shell]',
  summary: 'print a completion script for your shell',
  examples: [
    ['$0 completion bash >> ~/.bashrc', 'complete in bash'],
    ['$0 completion zsh > /usr/local/share/zsh/site-functions/_pktc', 'complete in zsh, for everybody'],
    ['$0 completion fish > ~/.config/fish/completions/pktc.fish', 'complete in fish'],
  ],
  exits: ['ok', 'usage'],
  options: (yargs) => yargs.positional('shell', { choices: SHELLS, default: 'bash' as const, describe: 'which shell' }),
  async run({ shell }, terminal) {
    if (shell === 'fish') await terminal.print(FISH);
    else scriptFromYargs(shell);
    return EXIT.ok;
  },
};
