import { chapters, documentTitle, type Block } from './chapters.ts';
import type { DocumentedField } from './model.ts';

/** The page for the repository. Generated: a test compares it with the table of operations. */
export function documentationMarkdown(): string {
  const head = `# ${documentTitle}\n\nGenerated from the table of operations; \`npm run generate\` writes it anew.\n`;
  return `${head}\n${chapters().map(block).join('\n')}`;
}

function block(part: Block): string {
  switch (part.kind) {
    case 'heading':
      return `${'#'.repeat(part.level)} ${part.text}\n`;
    case 'paragraph':
      return `${part.text}\n`;
    case 'items':
      return part.items.map((item) => `- ${item}\n`).join('');
    case 'code':
      return `\`\`\`sh\n${part.text}\n\`\`\`\n`;
    case 'fields':
      return fieldTable(part.title, part.fields);
  }
}

function fieldTable(title: string, fields: readonly DocumentedField[]): string {
  if (fields.length === 0) return `${title}: none.\n`;
  const rows = fields.map(({ name, type, about }) => `| \`${name}\` | ${type} | ${about.replaceAll('|', '\\|')} |`);
  return `| ${title} | type | |\n|---|---|---|\n${rows.join('\n')}\n`;
}
