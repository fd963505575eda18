/* The yardstick of `ridd bench codec --baseline`: libxml2 parses and schema-validates one document in a loop.
 *
 * usage: libxml2 SCHEMA FILE SECONDS
 * prints one line, `min median rounds`, the times in microseconds per document.
 *
 * The schema is compiled once and one validation context is used for all rounds, the fastest way libxml2 offers.
 * Nothing is fetched. Built by benches/baseline; never linked into ridd.
 */
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static char *slurp(const char *path, int *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *length = (int)ftell(file);
    rewind(file);
    char *bytes = malloc(*length + 1);
    if (bytes && fread(bytes, 1, *length, file) != (size_t)*length) bytes = NULL;
    fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: libxml2 SCHEMA FILE SECONDS\n");
        return 2;
    }
    int length = 0;
    char *bytes = slurp(argv[2], &length);
    if (!bytes) {
        fprintf(stderr, "%s cannot be read\n", argv[2]);
        return 2;
    }
    xmlSchemaParserCtxtPtr reader = xmlSchemaNewParserCtxt(argv[1]);
    xmlSchemaPtr schema = reader ? xmlSchemaParse(reader) : NULL;
    xmlSchemaValidCtxtPtr judge = schema ? xmlSchemaNewValidCtxt(schema) : NULL;
    if (!judge) {
        fprintf(stderr, "%s is no schema\n", argv[1]);
        return 2;
    }
    enum { MOST = 1 << 20 };
    double *times = malloc(sizeof(double) * MOST);
    int rounds = 0;
    double end = now() + atof(argv[3]) * 1e6;
    do {
        double start = now();
        xmlDocPtr document = xmlReadMemory(bytes, length, argv[2], NULL, XML_PARSE_NONET);
        int verdict = document ? xmlSchemaValidateDoc(judge, document) : -1;
        xmlFreeDoc(document);
        times[rounds++] = now() - start;
        if (verdict != 0) {
            fprintf(stderr, "%s is not valid against %s\n", argv[2], argv[1]);
            return 1;
        }
    } while (rounds < MOST && now() < end);
    qsort(times, rounds, sizeof(double), ascending);
    printf("%.2f %.2f %d\n", times[0], times[rounds / 2], rounds);
    return 0;
}
