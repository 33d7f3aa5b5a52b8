export interface BoundedQueueOptions {
  readonly maxItems: number;
  /** What happens to an item that comes when `maxItems` are there: it is refused, or the oldest makes room. */
  readonly whenFull: 'refuse' | 'dropOldest';
}

/** First in, first out, with a cap. What did not fit is counted. */
export class BoundedQueue<T> {
  readonly #options: BoundedQueueOptions;
  /** A ring that doubles up to the cap: an empty queue holds no memory to speak of. */
  #ring: (T | undefined)[] = [];
  #head = 0;
  #length = 0;
  #lost = 0;

  constructor(options: BoundedQueueOptions) {
    if (!Number.isInteger(options.maxItems) || options.maxItems < 1) {
      throw new RangeError(`maxItems must be a whole number above 0, not ${options.maxItems}`);
    }
    this.#options = options;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#options.maxItems;
  }

  /** Items refused or dropped since the queue was made. */
  get lost(): number {
    return this.#lost;
  }

  /** False: `item` was refused. */
  push(item: T): boolean {
    if (this.isFull) {
      this.#lost++;
      if (this.#options.whenFull === 'refuse') return false;
      this.shift();
    }
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) % this.#ring.length] = item;
    this.#length++;
    return true;
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#length--;
    return item;
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head];
  }

  clear(): void {
    this.#ring = [];
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const capacity = Math.min(Math.max(8, this.#ring.length * 2), this.#options.maxItems);
    const ordered = [...this.#ring.slice(this.#head), ...this.#ring.slice(0, this.#head)];
    ordered.length = capacity;
    this.#ring = ordered;
    this.#head = 0;
  }
}
