#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "filter.h"

const char pipeline_usage[] =
    "  resize=WxH           Lanczos interpolation; 0 for a side keeps the proportions\n"
    "  blur=SIGMA           Gaussian blur, in pixels\n"
    "  sharpen=SIGMA,AMOUNT unsharp mask\n"
    "  edges                strength of edges (Sobel)\n"
    "  gray                 brightness alone\n"
    "  equalize             even out the histogram\n";

struct operation {
  const char *name;
  char separator; // between two values; 0 where there is only one
  int values;
  double least, most; // of each value
  bool (*run)(struct image *image, const double *values, struct fault *fault);
};

static bool run_resize(struct image *image, const double *v, struct fault *fault) { return filter_resize(image, (int)v[0], (int)v[1], fault); }
static bool run_blur(struct image *image, const double *v, struct fault *fault) { return filter_blur(image, v[0], fault); }
static bool run_sharpen(struct image *image, const double *v, struct fault *fault) { return filter_sharpen(image, v[0], v[1], fault); }

static bool run_edges(struct image *image, const double *v, struct fault *fault) {
  (void)v;
  return filter_edges(image, fault);
}

static bool run_gray(struct image *image, const double *v, struct fault *fault) {
  (void)v;
  return filter_gray(image, fault);
}

static bool run_equalize(struct image *image, const double *v, struct fault *fault) {
  (void)v;
  return filter_equalize(image, fault);
}

static const struct operation operations[] = {
    {"resize", 'x', 2, 0, IMAGE_WIDEST, run_resize}, {"blur", 0, 1, 0.1, 100, run_blur},  {"sharpen", ',', 2, 0.1, 100, run_sharpen},
    {"edges", 0, 0, 0, 0, run_edges},                {"gray", 0, 0, 0, 0, run_gray},      {"equalize", 0, 0, 0, 0, run_equalize},
};

static const struct operation *find_operation(const char *name, size_t length) {
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (strlen(operations[i].name) == length && memcmp(operations[i].name, name, length) == 0) return &operations[i];
  return NULL;
}

static bool parse_values(struct stage *s, const char *text, struct fault *fault) {
  const struct operation *op = s->operation;
  for (int i = 0; i < op->values; i++) {
    // Digits alone go to strtod, which would read the size 0x480 as one number.
    char digits[24] = "", *end = digits;
    size_t length = strspn(text, "0123456789.");
    char wanted = i + 1 < op->values ? op->separator : '\0';
    if (length > 0 && length < sizeof digits) {
      memcpy(digits, text, length);
      s->values[i] = strtod(digits, &end);
    }
    if (end == digits || *end != '\0' || text[length] != wanted)
      return fault_set(fault, FAULT_USAGE, "stage \"%s\": cannot read value %d", s->text, i + 1);
    if (!(s->values[i] >= op->least && s->values[i] <= op->most))
      return fault_set(fault, FAULT_USAGE, "stage \"%s\": value %d must be from %g to %g", s->text, i + 1, op->least, op->most);
    text += length + 1;
  }
  return true;
}

bool pipeline_add(struct pipeline *p, const char *text, struct fault *fault) {
  if (p->count == PIPELINE_LONGEST) return fault_set(fault, FAULT_USAGE, "more than %d stages", PIPELINE_LONGEST);
  struct stage *s = &p->stages[p->count];
  size_t length = strcspn(text, "=");
  *s = (struct stage){.text = text, .operation = find_operation(text, length)};
  if (s->operation == NULL) return fault_set(fault, FAULT_USAGE, "no stage \"%.*s\": want resize, blur, sharpen, edges, gray or equalize", (int)length, text);
  bool given = text[length] == '=';
  if (given != (s->operation->values > 0))
    return fault_set(fault, FAULT_USAGE, "stage \"%s\": %s", text, given ? "takes no value" : "needs a value, such as blur=1.5 or resize=640x0");
  if (given && !parse_values(s, text + length + 1, fault)) return false;
  if (s->operation->run == run_resize && s->values[0] < 1 && s->values[1] < 1)
    return fault_set(fault, FAULT_USAGE, "stage \"%s\": one of the sides must be given", text);
  p->count++;
  return true;
}

bool stage_run(const struct stage *stage, struct image *image, struct fault *fault) {
  return stage->operation->run(image, stage->values, fault);
}
