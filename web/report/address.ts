import { useCallback, useEffect, useState } from 'preact/hooks';

/** What is chosen on the page, by name; all of it is in the address, so that one restores a view. */
export type Address = ReadonlyMap<string, string>;

/** Chooses something, or with null what the page begins with. */
export type Choose = (name: string, value: string | null) => void;

function readAddress(): Map<string, string> {
  return new Map(new URLSearchParams(location.hash.slice(1)));
}

/** The address, and what changes it. */
export function useAddress(): [Address, Choose] {
  const [address, setAddress] = useState(readAddress);
  useEffect(() => {
    const follow = (): void => {
      setAddress(readAddress());
    };
    addEventListener('hashchange', follow);
    return () => {
      removeEventListener('hashchange', follow);
    };
  }, []);
  const choose = useCallback<Choose>((name, value) => {
    const next = readAddress();
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
    history.replaceState(null, '', hashOf(next));
    setAddress(next);
  }, []);
  return [address, choose];
}

/** The address that leads to a section, with everything else as it is. */
export function addressOf(address: Address, section: string): string {
  return hashOf(new Map([...address, ['at', section]]));
}

function hashOf(address: Address): string {
  const text = new URLSearchParams([...address]).toString();
  return text === '' ? location.pathname : `#${text}`;
}
