/* A chain of cells that warm each other: an array. r: temperatures (SIZE), their rates (SIZE), the warmth of the first */
#define NX SIZE
#define NR (2 * SIZE + 1)
#define NZ 0
#define NI 1
static void start(Model *m) { for (int i = 0; i < SIZE; i++) m->r[i] = 10.0 * i; m->r[2 * SIZE] = 5.0; }
static void rates(Model *m) {
    for (int i = 0; i < SIZE; i++) {
        double left = i ? m->r[i - 1] : m->r[2 * SIZE], right = i < SIZE - 1 ? m->r[i + 1] : m->r[i];
        m->r[SIZE + i] = left - 2 * m->r[i] + right;
    }
}
static void signs(Model *m, double *z) { (void)m; (void)z; }
static int jump(Model *m) { (void)m; return 0; }
