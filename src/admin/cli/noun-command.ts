import type { Command as Program } from 'commander';

/** `hubfarm <noun>`: made by whoever asks first, so that several registrations can add verbs to one noun. */
export function nounCommand(program: Program, noun: string, about: string): Program {
  const existing = program.commands.find((command) => command.name() === noun);
  return existing ?? program.command(noun).description(about);
}
