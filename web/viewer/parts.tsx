import type { ComponentChildren, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Overview, SetSummary } from '../../src/viewer/answers.js';
import { type useView, type View, writeAddress } from './address.js';
import type { SetAnswers } from './answers.js';

/** How parts of the page lead to another view. */
export type Go = ReturnType<typeof useView>[1];

/** What the page of a set is given. */
export interface SetViewProps {
  overview: Overview;
  set: SetSummary;
  view: View;
  go: Go;
}

/** What each part of a set's page is given. */
export interface PartProps extends SetViewProps {
  versus: SetSummary | undefined;
  answers: SetAnswers;
  /** The images that pass the filters. */
  shown: number[];
}

/** A link to another view. */
export function ViewLink({
  to,
  go,
  ...rest
}: {
  to: View;
  go: Go;
  children: ComponentChildren;
  class?: string;
  rel?: string;
}): VNode {
  return (
    <a
      {...rest}
      href={writeAddress(to)}
      onClick={follow(() => {
        go(to);
      })}
    />
  );
}

/** Lets a link be followed without loading the page again; new tabs and windows work as ever. */
export function follow(go: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    go();
  };
}

/** Does something on a key, unless it belongs to a field or to the browser. */
export function useKeys(onKey: (event: KeyboardEvent) => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!isTyping(event)) onKey(event);
    };
    addEventListener('keydown', listen);
    return () => {
      removeEventListener('keydown', listen);
    };
  });
}

function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return true;
  return target instanceof Element && target.closest('input, select, textarea, dialog') !== null;
}

/** How many labels a model found, with a mark that is read without its colour. */
export function Found({ name, found, of }: { name: string; found: number; of: number }): VNode {
  const [mark, kind] = found === of ? ['✓', 'right'] : found > 0 ? ['◐', 'part'] : ['✗', 'wrong'];
  if (found === -1) return <span class="found">– {name}</span>;
  return (
    <span class={`found ${kind}`}>
      <span class="mark">
        {mark} {found}/{of}
      </span>{' '}
      <span class="model">{name}</span>
    </span>
  );
}

/** A number as people read it: 100,000. */
export function numberText(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
