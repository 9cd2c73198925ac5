import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ChartData, Figure } from '../../src/report/chart-data.js';
import { drawChart } from '../charts/draw.js';

/** A figure with its charts. */
export function FigureCard({ figure }: { figure: Figure }) {
  const [view] = figure.views;
  return (
    <section id={figure.name}>
      <h2>{figure.title}</h2>
      <p>{figure.about}</p>
      {view ? <Chart data={view.data} title={figure.title} /> : <p>{figure.absent}</p>}
    </section>
  );
}

function Chart({ data, title }: { data: ChartData; title: string }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const style = { document, width: 720, fontSize: 13, fontFamily: 'system-ui, sans-serif' };
    place.current!.replaceChildren(drawChart(data, title, style));
  }, [data, title]);
  return <div class="chart" ref={place} />;
}
