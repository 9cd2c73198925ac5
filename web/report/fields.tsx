import { useId } from 'preact/hooks';

interface ChoiceProps {
  name: string;
  chosen: string;
  options: readonly string[];
  onChoose: (value: string) => void;
}

/** One thing to choose. */
export function Choice({ name, chosen, options, onChoose }: ChoiceProps) {
  const id = useId();
  return (
    <div class="choice">
      <label for={id}>{name}</label>
      <select
        id={id}
        value={chosen}
        onChange={(event) => {
          onChoose(event.currentTarget.value);
        }}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </div>
  );
}

/** One text to search for. */
export function SearchField({
  name,
  text,
  hint,
  onText,
}: {
  name: string;
  text: string;
  hint: string;
  onText: (text: string) => void;
}) {
  return (
    <label>
      <span>{name}</span>
      <input
        type="search"
        value={text}
        placeholder={hint}
        onInput={(event) => {
          onText(event.currentTarget.value);
        }}
      />
    </label>
  );
}
