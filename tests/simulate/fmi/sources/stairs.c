/* Passes its inputs on, and climbs a stair each second: time events. r: level, its rate, input, output; n: steps, input, output */
#define NR 4
#define NX 1
#define NZ 0
#define NI 3
static void start(Model *m) { m->next = 1.0; }
static void rates(Model *m) { m->r[1] = m->n[0] + m->r[2]; m->r[3] = 2.0 * m->r[2]; m->n[2] = m->n[1]; }
static void signs(Model *m, double *z) { (void)m; (void)z; }
static int jump(Model *m) {
    if (m->time < m->next - 1e-9) return 0;
    m->next += 1.0;
    m->n[0] += 1;
    return 0;
}
