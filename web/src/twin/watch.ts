import type { View, Watch } from '../wire/types';

/** What the page of a twin shows and therefore asks to be told: nothing more. */
export function watchOf(view: View, counted: string[] = []): Watch['twins'][number] {
  const scene = view.scene;
  const fields = new Set([
    ...counted,
    ...view.vitals.flatMap((v) => v.signals),
    ...view.charts.map((c) => c.signal),
    ...(scene?.parts ?? []).flatMap((p) => [...Object.values(p.signals), ...p.patches.flatMap((patch) => Object.values(patch.signals))]),
    ...(scene?.callouts ?? []).flatMap((c) => (c.signal ? [c.signal] : [])),
    ...(scene?.motion.spin ?? []).map((s) => s.signal),
  ]);
  return {
    twin: view.twin,
    fields: [...fields],
    samples: [...new Set(view.charts.map((c) => c.signal))],
    cycle: (scene?.motion.chambers.length ?? 0) > 0,
  };
}
