import { chapters, documentTitle, type Block } from './chapters.ts';
import { escapeHtml, page } from './html-page.ts';
import type { DocumentedField } from './model.ts';

/** The page at `/api/`. */
export function documentationPage(): string {
  return page(documentTitle, chapters().map(block).join('\n'));
}

function block(part: Block): string {
  switch (part.kind) {
    case 'heading':
      return `<h${part.level} id="${escapeHtml(part.text)}">${escapeHtml(part.text)}</h${part.level}>`;
    case 'paragraph':
      return `<p>${inline(part.text)}</p>`;
    case 'items':
      return `<ul>${part.items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
    case 'code':
      return `<pre>${escapeHtml(part.text)}</pre>`;
    case 'fields':
      return fieldTable(part.title, part.fields);
  }
}

function inline(text: string): string {
  return escapeHtml(text).replace(/`([^`]*)`/g, '<code>$1</code>');
}

function fieldTable(title: string, fields: readonly DocumentedField[]): string {
  if (fields.length === 0) return `<p>${title}: none.</p>`;
  const rows = fields.map(
    ({ name, type, about }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(type)}</td><td>${escapeHtml(about)}</td></tr>`,
  );
  return `<table><tr><th>${title}</th><th>type</th><th></th></tr>\n${rows.join('\n')}</table>`;
}
