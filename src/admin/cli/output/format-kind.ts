/** How results are printed. */
export type OutputFormat = 'text' | 'csv' | 'json';
