/* The yardstick of `ridd bench signature --baseline`: libxmlsec works on one message in a loop.
 *
 * usage: libxmlsec canonicalise|verify|sign KEY CERTIFICATE FILE SECONDS      (KEY and CERTIFICATE: PEM)
 * prints one line, `min median rounds`, the times in microseconds per message.
 *
 * Each does what ridd does for it.
 *   canonicalise: the exclusive form of a document that is parsed, into memory.
 *   verify: parse, find the Signature, read the certificate out of KeyInfo, compare it with CERTIFICATE, which is pinned,
 *           and verify with its key. No path is built and no date looked at: a pinned certificate is believed as it is.
 *   sign: parse, find the Signature (a template), digest, sign with KEY, which was loaded once, put CERTIFICATE into
 *         KeyInfo, and write the signed message into memory.
 * Nothing is fetched. Built by benches/baseline; never linked into ridd.
 */
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xmlsec/crypto.h>
#include <xmlsec/openssl/x509.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/xmlsec.h>

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

static int canonicalise(xmlDocPtr document) {
    xmlChar *out = NULL;
    int length = xmlC14NDocDumpMemory(document, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 0, &out);
    if (out) xmlFree(out);
    return length > 0;
}

/* Whether the key came in the certificate that is pinned. */
static int is_pinned(xmlSecKeyPtr key, X509 *pinned) {
    xmlSecKeyDataPtr data = key ? xmlSecKeyGetData(key, xmlSecOpenSSLKeyDataX509Id) : NULL;
    X509 *brought = data ? xmlSecOpenSSLKeyDataX509GetKeyCert(data) : NULL;
    return brought && X509_cmp(brought, pinned) == 0;
}

static int verify(xmlSecDSigCtxPtr context, xmlNodePtr node, X509 *pinned) {
    context->keyInfoReadCtx.flags |= XMLSEC_KEYINFO_FLAGS_X509DATA_DONT_VERIFY_CERTS;
    return xmlSecDSigCtxVerify(context, node) == 0 && context->status == xmlSecDSigStatusSucceeded &&
           is_pinned(context->signKey, pinned);
}

static int sign(xmlSecDSigCtxPtr context, xmlNodePtr node, xmlSecKeyPtr key) {
    context->signKey = xmlSecKeyDuplicate(key);
    if (xmlSecDSigCtxSign(context, node) != 0 || context->status != xmlSecDSigStatusSucceeded) return 0;
    xmlChar *out = NULL;
    int length = 0;
    xmlDocDumpMemory(node->doc, &out, &length);
    int whole = out && strstr((const char *)out, "<ds:X509Certificate>") != NULL;
    if (out) xmlFree(out);
    return whole;
}

struct work {
    const char *what, *bytes;
    int length;
    xmlDocPtr parsed;
    xmlSecKeysMngrPtr manager;
    xmlSecKeyPtr key;
    X509 *pinned;
};

static int once(const struct work *work) {
    if (work->parsed) return canonicalise(work->parsed);
    xmlDocPtr document = xmlReadMemory(work->bytes, work->length, "message", NULL, XML_PARSE_NONET);
    if (!document) return 0;
    xmlNodePtr node = xmlSecFindNode(xmlDocGetRootElement(document), xmlSecNodeSignature, xmlSecDSigNs);
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(work->manager);
    int good = node && context &&
               (work->key ? sign(context, node, work->key) : verify(context, node, work->pinned));
    if (context) xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(document);
    return good;
}

static int prepare(struct work *work, char **argv) {
    work->what = argv[1];
    work->bytes = slurp(argv[4], &work->length);
    if (!work->bytes) return 0;
    if (strcmp(work->what, "canonicalise") == 0) {
        work->parsed = xmlReadMemory(work->bytes, work->length, "message", NULL, XML_PARSE_NONET);
        return work->parsed != NULL;
    }
    work->manager = xmlSecKeysMngrCreate();
    if (!work->manager || xmlSecCryptoAppDefaultKeysMngrInit(work->manager) < 0) return 0;
    if (strcmp(work->what, "sign") == 0) {
        work->key = xmlSecCryptoAppKeyLoad(argv[2], xmlSecKeyDataFormatPem, NULL, NULL, NULL);
        return work->key && xmlSecCryptoAppKeyCertLoad(work->key, argv[3], xmlSecKeyDataFormatPem) == 0;
    }
    FILE *file = fopen(argv[3], "rb");
    work->pinned = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file) fclose(file);
    return work->pinned != NULL;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: libxmlsec canonicalise|verify|sign KEY CERTIFICATE FILE SECONDS\n");
        return 2;
    }
    xmlInitParser();
    if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0) {
        fprintf(stderr, "libxmlsec cannot be set up\n");
        return 2;
    }
    struct work work = {0};
    if (!prepare(&work, argv)) {
        fprintf(stderr, "%s, %s or %s cannot be read\n", argv[2], argv[3], argv[4]);
        return 2;
    }
    enum { MOST = 1 << 20 };
    double *times = malloc(sizeof(double) * MOST);
    int rounds = 0;
    double end = now() + atof(argv[5]) * 1e6;
    do {
        double start = now();
        int good = once(&work);
        times[rounds++] = now() - start;
        if (!good) {
            fprintf(stderr, "libxmlsec does not %s %s\n", argv[1], argv[4]);
            return 1;
        }
    } while (now() < end && rounds < MOST);
    qsort(times, rounds, sizeof(double), ascending);
    printf("%.2f %.2f %d\n", times[0], times[rounds / 2], rounds);
    return 0;
}
