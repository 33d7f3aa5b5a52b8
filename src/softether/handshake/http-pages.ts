/**
 * The HTML answers of the original server. Before its signature a stock client asks `GET /` with `X-VPN: 1` and goes
 * on only if a page comes back that begins like this one, on a connection that stays open; else it reports error 1.
 */
export type HtmlStatus = 403 | 404 | 501;

const PAGES: Readonly<
  Record<HtmlStatus, { readonly reason: string; readonly heading: string; readonly text: (target: string) => string }>
> = {
  403: {
    reason: 'Forbidden',
    heading: 'Forbidden',
    text: (target) => `You don't have permission to access ${target}\r\non this server.<P>`,
  },
  404: {
    reason: 'Not Found',
    heading: 'Not Found',
    text: (target) => `The requested URL ${target} was not found on this server.<P>`,
  },
  501: {
    reason: 'Method Not Implemented',
    heading: 'Method Not Implemented',
    text: (target) => `The method of the request for ${target} is not implemented.<P>`,
  },
};

export function encodeHtmlPage(status: HtmlStatus, target: string, date: Date): Buffer {
  const { reason, heading, text } = PAGES[status];
  const body =
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\r\n<HTML><HEAD>\r\n' +
    `<TITLE>${status} ${reason}</TITLE>\r\n</HEAD><BODY>\r\n<H1>${heading}</H1>\r\n${text(escapeHtml(target))}\r\n</BODY></HTML>\r\n`;
  const head =
    `HTTP/1.1 ${status} ${reason}\r\nDate: ${date.toUTCString()}\r\nKeep-Alive: timeout=15; max=19\r\nConnection: Keep-Alive\r\n` +
    `Content-Type: text/html; charset=iso-8859-1\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n`;
  return Buffer.from(head + body, 'latin1');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
