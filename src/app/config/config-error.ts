import { HubfarmError } from '#base';

/** The configuration is not usable; nothing of it was used. One line per problem, each with its place. */
export class ConfigError extends HubfarmError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super('BAD_CONFIG', problems.join('\n'), options);
    this.problems = problems;
  }
}
