#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

/*
 * The values that descriptors stand for: numbers that count up.  Each has one
 * fate: it is gone when its last descriptor was closed, or kept by the program
 * that took it.
 */

#define MAX_VALUES	65536

static enum fate	 fates[MAX_VALUES];
static unsigned int	 hand[MAX_VALUES];
static unsigned int	 nvalues, hand_first, hand_next;
static unsigned int	 alive, alive_said;

unsigned int
value_new(void)
{
	if (++nvalues == MAX_VALUES) {
		fprintf(stderr, "no values left\n");
		exit(2);
	}
	fates[nvalues] = GONE;	/* until it is in the table */
	return (nvalues);
}

void
value_fate(unsigned int value, enum fate fate)
{
	alive -= fates[value] == ALIVE;
	alive += fate == ALIVE;
	fates[value] = fate;
}

void
hand_put(unsigned int value)
{
	if (value == 0)		/* a socket: nothing that can be in a hand */
		return;
	if (hand_next == MAX_VALUES)
		abort();
	hand[hand_next++] = value;
}

unsigned int
hand_get(void)
{
	return (hand_first == hand_next ? 0 : hand[hand_first++]);
}

void
out_descriptor(int fd, unsigned int value)
{
	if (value == 0)
		out("%d", fd);
	else
		out("%d#%u", fd, value);
}

void
values_report_alive(void)
{
	if (alive != alive_said)
		out(" alive %u", alive);
	alive_said = alive;
}

void
values_report_kept(void)
{
	unsigned int	 i;
	const char	*before = " kept";

	for (i = 1; i <= nvalues; i++)
		if (fates[i] == KEPT) {
			out("%s #%u", before, i);
			before = ",";
		}
	nvalues = 0;
}

void
values_reset(void)
{
	hand_first = hand_next = 0;
}
