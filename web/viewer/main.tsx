import { render } from 'preact';

render(<main>patchml view</main>, document.querySelector('#app')!);
