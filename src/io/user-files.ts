/** Small files that a person names: read and written whole. Relative paths start at the current directory. */
export interface UserFiles {
  /** Errors: `IoError` that names the path; `TOO_LARGE` above `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Buffer>;
  /** Makes or replaces the file; missing folders are made. `mode`: permission bits of a new file. */
  write(path: string, content: Uint8Array | string, options?: { readonly mode?: number }): Promise<void>;
  append(path: string, content: string): Promise<void>;
  /** Owned by this user or by root: nobody else can have put it there. False where nothing is. */
  isOurs(path: string): Promise<boolean>;
  /** undefined = nothing is there (or nothing that this user may see). */
  kindOf(path: string): Promise<'file' | 'socket' | 'folder' | 'other' | undefined>;
}
