/** Writes the files of the repository that follow from the sources; tests fail when one is not current. */
import { writeFileSync } from 'node:fs';
import { documentationMarkdown } from '#admin';
import { exampleConfig } from '../src/app/config/example.ts';

writeFileSync('docs/operations/hubfarm.example.toml', exampleConfig());
writeFileSync('docs/operations/json-rpc.md', documentationMarkdown());
