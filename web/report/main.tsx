import { render } from 'preact';
import type { ReportData } from '../../src/report/report.js';
import { Report } from './report.js';

const data = JSON.parse(document.querySelector('#data')!.textContent) as ReportData;
render(<Report data={data} />, document.querySelector('#app')!);
