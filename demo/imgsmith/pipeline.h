// The stages that the command line asks for, in its order.
#ifndef IMGSMITH_PIPELINE_H
#define IMGSMITH_PIPELINE_H

#include "image.h"

enum { PIPELINE_LONGEST = 64 };

struct stage {
  const char *text; // as it was written
  const struct operation *operation;
  double values[2];
};

struct pipeline {
  struct stage stages[PIPELINE_LONGEST];
  int count;
};

// Understands a stage such as "blur=1.5" and appends it.
bool pipeline_add(struct pipeline *p, const char *text, struct fault *fault);
// Runs one stage.
bool stage_run(const struct stage *stage, struct image *image, struct fault *fault);

// What a user can ask for, one line a stage.
extern const char pipeline_usage[];

#endif
