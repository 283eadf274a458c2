/** Counts the listeners of an event target from now on; calls back with their number at each change. */
export function countListeners(target: EventTarget, changed: (count: number) => void): void {
  const { addEventListener, removeEventListener } = target;
  const counted = new Map<unknown, string>();
  Object.assign(target, {
    addEventListener: (type: string, listener: EventListener, options?: object) => {
      counted.set(listener, type);
      changed(counted.size);
      addEventListener.call(target, type, listener, options);
    },
    removeEventListener: (type: string, listener: EventListener) => {
      if (counted.get(listener) === type) counted.delete(listener);
      changed(counted.size);
      removeEventListener.call(target, type, listener);
    },
  });
}
