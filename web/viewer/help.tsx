import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const KEYS: [keys: string[], does: string][] = [
  [['/'], 'search'],
  [['←', '→', '↑', '↓'], 'move among the images; on the page of an image, the one before or after'],
  [['Page Up', 'Page Down', 'Home', 'End'], 'move far among the images'],
  [['Enter'], 'open an image'],
  [['Esc'], 'back to the images'],
  [['b'], 'show or hide the boxes of an image'],
  [['Tab'], 'go to the next link, field or button'],
  [['?'], 'this list'],
];

/** The keys that do something. */
export function Help({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {KEYS.map(([keys, does]) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button>Close</button>
      </form>
    </dialog>
  );
}
