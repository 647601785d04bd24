/* The life of one instance, for the sanitisers: 0 when every call answered as it should, else the number of the call. */
#include "fmi3.c"

static void quiet(fmi3InstanceEnvironment environment, fmi3Status status, fmi3String category, fmi3String message)
{
    (void)environment;
    (void)status;
    (void)category;
    (void)message;
}

int main(void)
{
    fmi3ValueReference known[] = {0, 1, 2, 99999};
    fmi3Float64 values[4];
    fmi3Boolean flags[5];
    fmi3Float64 last = 0.0;
    fmi3Byte bytes[SAVED_SIZE];
    fmi3FMUState saved = NULL, other = NULL;
    int k;
    fmi3Instance i = fmi3InstantiateCoSimulation("one", TOKEN, "", 0, 0, 0, 0, NULL, 0, NULL, quiet, NULL);
    if (i == NULL || fmi3InstantiateCoSimulation("two", "{}", "", 0, 0, 0, 0, NULL, 0, NULL, quiet, NULL)) return 1;
    fmi3EnterInitializationMode(i, 1, 1e-6, 0.0, 0, 0.0);
    fmi3ExitInitializationMode(i);
    for (k = 0; k < 50; k++) fmi3DoStep(i, 0.1 * k, 0.1, 0, flags, flags + 1, flags + 2, &last);
    if (fmi3DoStep(i, 5.0, 0.1234567891234, 0, flags, flags + 1, flags + 2, &last) != fmi3OK) return 2;
    if (fmi3GetFloat64(i, known, 3, values, 3) != fmi3OK) return 3;
    if (fmi3GetFloat64(i, known, 4, values, 4) != fmi3Error) return 4;
    if (fmi3GetFMUState(i, &saved) != fmi3OK) return 5;
    if (fmi3SerializeFMUState(i, saved, bytes, sizeof bytes) != fmi3OK) return 9;
    if (fmi3DeserializeFMUState(i, bytes, sizeof bytes - 1, &other) != fmi3Error) return 6;
    if (fmi3DeserializeFMUState(i, bytes, sizeof bytes, &other) != fmi3OK) return 7;
    if (fmi3SetFMUState(i, other) != fmi3OK) return 10;
    fmi3FreeFMUState(i, &saved);
    fmi3FreeFMUState(i, &other);
    if (fmi3GetFloat64(NULL, known, 1, values, 1) != fmi3Error) return 8;
    fmi3Terminate(i);
    fmi3Reset(i);
    fmi3FreeInstance(i);
    fmi3FreeInstance(NULL);
    return 0;
}
