/*
 * tree_model - a tree in memory, and random operations on it and on the engine
 * at once. For test_tree_model.c.
 */
#ifndef TESTS_UNIT_TREE_MODEL_H
#define TESTS_UNIT_TREE_MODEL_H

#include "tests/unit/temp_store.h"

enum { THINGS = 48, MOMENTS = 700, NAMES = 12 };

/* One entry of the model; its index stands for it, 0 is the root. */
struct thing {
	bool made, live, folder;
	int64_t id;
	int parent;
	int name;	/* "nN.json" */
	int64_t placed; /* born of its place */
	int64_t born;	/* of its state */
	int64_t content;
	mode_t mode;
};

struct model {
	struct temp *t;
	unsigned seed;
	struct thing now[THINGS];
	struct thing *history;	  /* MOMENTS trees of THINGS */
	int64_t newest, recorded; /* moments; recorded -1: none */
	bool changed;		  /* in the open moment */
	char doing[200];
};

/* A random number below @n. */
unsigned model_pick(struct model *model, unsigned n);
/* The tree at a moment: THINGS of them. */
struct thing *model_at(struct model *model, int64_t moment);
/* The name of that number; valid until the next call. */
const char *model_name(int name);
/* The engine's answer must be what the model expects. */
void model_expect(struct model *model, int r, int expected);

/* A random operation within the open moment; of those that change what is
 * recorded already, alone in its moment. */
void model_do(struct model *model);
void model_reach_back(struct model *model);

#endif
