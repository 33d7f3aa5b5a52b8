export const messageSummaryType = 'application/simple-message-summary';

/** RFC 3842 §5: how many text messages wait for an account. */
export function messageSummary(aor: string, waiting: number): Buffer {
  const lines = [
    `Messages-Waiting: ${waiting > 0 ? 'yes' : 'no'}`,
    `Message-Account: sip:${aor}`,
    ...(waiting > 0 ? [`Text-Message: ${waiting}/0`] : []),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}
