import { render } from 'preact';
import type { ReportData } from '../../src/report/report-data.js';
import '../shared/theme.css';
import { Report } from './report.js';
import './report.css';

const data = JSON.parse(document.querySelector('#data')!.textContent) as ReportData;
render(<Report data={data} />, document.querySelector('#app')!);
