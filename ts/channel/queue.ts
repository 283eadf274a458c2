/** A first-in-first-out queue whose cost does not depend on its length. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Adds some thousand items at most at the end. The array is the queue's from then on. */
  pushAll(items: T[]): void {
    if (this.length > 0) this.#items.push(...items);
    else {
      this.#items = items;
      this.#head = 0;
    }
  }

  /** Removes and returns all items. */
  takeAll(): T[] {
    return this.#items.splice(this.#head) as T[];
  }

  /** Returns the first item, which stays. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** The last item, which stays. */
  get last(): T | undefined {
    return this.#items.at(-1);
  }

  /** Removes and returns the first item. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Calls back with each item that waits. */
  forEach(callback: (item: T) => void): void {
    for (let i = this.#head; i < this.#items.length; i++) callback(this.#items[i]!);
  }

  /** Removes one item wherever it stands. */
  remove(item: T): void {
    const at = this.#items.indexOf(item, this.#head);
    if (at !== -1) this.#items.splice(at, 1);
  }
}
