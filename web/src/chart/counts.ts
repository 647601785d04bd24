/** What the charts drew, for the test hook. */
export const drawn = { draws: 0, points: 0 };

export function countDraw(points: number): void {
  drawn.draws += 1;
  drawn.points = points;
}
