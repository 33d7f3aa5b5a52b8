import { parseIpAddress } from '#base';

export const isIPv4Text = (text: string): boolean => parseIpAddress(text)?.length === 4;
