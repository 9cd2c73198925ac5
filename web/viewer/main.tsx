import { render } from 'preact';
import { App } from './app.js';
import '../shared/theme.css';
import '../shared/theme.css';
import './viewer.css';

// The secret in the printed address is in a cookie now: it need not be seen, copied or kept.
const address = new URL(location.href);
if (address.searchParams.has('token')) {
  address.searchParams.delete('token');
  history.replaceState(null, '', address);
}

render(<App />, document.querySelector('#app')!);
