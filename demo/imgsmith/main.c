// imgsmith reads a PNG picture, changes it step by step and writes it as PNG.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "deflate.h"
#include "pipeline.h"
#include "png.h"

enum { INPUT_MOST = 256 << 20 };

struct options {
  const char *input, *output; // "-" for the standard streams
  int level;
  bool quiet;
  struct pipeline pipeline;
};

static void usage(FILE *to) {
  fprintf(to,
          "usage: imgsmith [-i FILE] [-o FILE] [-1 ... -9] [-q] [STAGE...]\n"
          "Reads a PNG file, applies the stages in turn and writes a PNG file.\n"
          "  -i FILE   read FILE, not the standard input\n"
          "  -o FILE   write FILE, not the standard output\n"
          "  -1 ... -9 compress fast ... well (6)\n"
          "  -q        print no statistics on standard error\n"
          "stages:\n%s"
          "exit codes: 0 done, 1 cannot read or write, 2 misuse, 3 damaged input,\n"
          "4 input beyond this program, 5 no memory\n",
          pipeline_usage);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool take_file(int argc, char **argv, int *i, const char **name, struct fault *fault) {
  if (*i + 1 == argc) return fault_set(fault, FAULT_USAGE, "%s needs a file", argv[*i]);
  *name = argv[++*i];
  return true;
}

static bool parse_options(int argc, char **argv, struct options *o, struct fault *fault) {
  *o = (struct options){.input = "-", .output = "-", .level = DEFLATE_USUAL};
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    bool understood;
    if (strcmp(a, "-i") == 0) {
      understood = take_file(argc, argv, &i, &o->input, fault);
    } else if (strcmp(a, "-o") == 0) {
      understood = take_file(argc, argv, &i, &o->output, fault);
    } else if (strcmp(a, "-q") == 0) {
      understood = o->quiet = true;
    } else if (a[0] == '-' && a[1] >= '1' && a[1] <= '9' && a[2] == '\0') {
      o->level = a[1] - '0';
      understood = true;
    } else if (a[0] == '-') {
      understood = fault_set(fault, FAULT_USAGE, "no option \"%s\": see imgsmith -h", a);
    } else {
      understood = pipeline_add(&o->pipeline, a, fault);
    }
    if (!understood) return false;
  }
  return true;
}

static bool read_input(const char *name, struct buffer *in, struct fault *fault) {
  if (strcmp(name, "-") == 0) return buffer_read(in, stdin, "standard input", INPUT_MOST, fault);
  FILE *file = fopen(name, "rb");
  if (file == NULL) return fault_set(fault, FAULT_IO, "open %s: %s", name, strerror(errno));
  bool done = buffer_read(in, file, name, INPUT_MOST, fault);
  fclose(file);
  return done;
}

static bool write_output(const char *name, const struct buffer *out, struct fault *fault) {
  bool standard = strcmp(name, "-") == 0;
  FILE *file = standard ? stdout : fopen(name, "wb");
  if (file == NULL) return fault_set(fault, FAULT_IO, "create %s: %s", name, strerror(errno));
  bool done = fwrite(out->data, 1, out->size, file) == out->size;
  done = (standard ? fflush(file) : fclose(file)) == 0 && done;
  if (!done) return fault_set(fault, FAULT_IO, "write %s: %s", standard ? "standard output" : name, strerror(errno));
  return true;
}

// Prints what a step left behind and how long it took; returns the time now.
static double tell(const struct options *o, const char *step, const struct image *image, double since) {
  double now = seconds();
  if (!o->quiet) fprintf(stderr, "%-20s %5d x %-5d %d channels %9.2f ms\n", step, image->width, image->height, image->channels, 1e3 * (now - since));
  return now;
}

static bool transform(const struct options *o, const struct buffer *in, struct buffer *out, struct fault *fault) {
  struct image image;
  double start = seconds(), at = start;
  if (!png_read(in->data, in->size, &image, fault)) return false;
  at = tell(o, "decode", &image, at);
  for (int i = 0; i < o->pipeline.count; i++) {
    const struct stage *s = &o->pipeline.stages[i];
    if (!stage_run(s, &image, fault)) {
      image_free(&image);
      return false;
    }
    at = tell(o, s->text, &image, at);
  }
  bool done = png_write(&image, o->level, out, fault);
  if (done) {
    at = tell(o, "encode", &image, at);
    if (!o->quiet) fprintf(stderr, "%zu bytes in, %zu bytes out, %.2f ms\n", in->size, out->size, 1e3 * (at - start));
  }
  image_free(&image);
  return done;
}

int main(int argc, char **argv) {
  if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
    usage(stdout);
    return 0;
  }
  struct options options;
  struct fault fault = {FAULT_NONE, ""};
  struct buffer in = {0}, out = {0};
  bool done = parse_options(argc, argv, &options, &fault) && read_input(options.input, &in, &fault) &&
              transform(&options, &in, &out, &fault) && write_output(options.output, &out, &fault);
  if (!done) fprintf(stderr, "imgsmith: %s\n", fault.text);
  buffer_free(&in);
  buffer_free(&out);
  return done ? 0 : (int)fault.kind;
}
