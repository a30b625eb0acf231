// SPDX-License-Identifier: Apache-2.0
// A world: some hosts on a network in memory, actors on them, and a clock that jumps.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdio.h>

#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/naming.h>
#include <kith/net.h>
#include <kith/node.h>
#include <kith/platform_sim.h>

#include "event.h"
#include "map.h"
#include "random.h"
#include "scenario.h"

enum {
    NAMES = 12,         // that actors register
    HELD_MOST = 8,      // requests a server keeps for later
    WAITING_MOST = 8,   // requests a client has under way
    MONITORS_MOST = 8,  // of one actor
    OWN_NAMES_MOST = 4, // of one actor
    CHECKS_MOST = 16,
    REF_TEXT_SIZE = 64,
};

#define TYPE_NOTE    KITH_TYPE(KITH_SIGNATURE_BYTES, 1)
#define TYPE_REQUEST KITH_TYPE(KITH_SIGNATURE_BYTES, 2)
#define TYPE_CHATTER KITH_TYPE(KITH_SIGNATURE_BYTES, 3) // like a note, for those who select

enum letter_kind { LETTER_NOTE, LETTER_CALL, LETTER_REQUEST };

// A message of the workload, and what is known of its fate.
struct letter {
    uint64_t number;
    enum letter_kind kind;
    enum kith_urgency urgency;
    uint64_t type;
    size_t size;
    struct actor *sender;
    struct kith_ref target;
    struct host *target_host; // where the target was at home, NULL if nowhere
    uint32_t target_lives;    // of that host, when it was sent
    uint64_t sent_ns, deadline_ns, answered_ns;
    uint64_t turn;        // counts whatever anybody sends or forwards
    uint64_t broken;      // connections between the two hosts that had broken by then
    bool pending;         // the call that sends it has not come back
    bool queue_full;      // of the link, when it was sent
    enum kith_error sent; // what it said
    uint32_t received, executed, returned, outcomes, forwards;
    bool forwarded_far; // to another host
    enum kith_error outcome, return_error;
    enum kith_error reply_error; // what its server's reply said
};

enum role {
    ROLE_MIXED,
    ROLE_SENDER,
    ROLE_SERVER, // calls nobody
    ROLE_CLIENT,
    ROLE_SLOW, // receives now and then
    ROLE_WATCHER,
    ROLE_REGISTRAR,
    ROLE_KILLER,
    ROLES,
};

struct monitor {
    uint64_t number;
    struct kith_ref target;
};

struct own_name {
    unsigned name;
    uint32_t index;
};

struct counted { // what was sent to one target
    struct kith_ref target;
    uint64_t next[3]; // by urgency
};

// One life of a process of the workload. Kept until the end of the run.
struct actor {
    struct world *world;
    struct host *host;
    uint32_t number;
    size_t alive_place; // in world->alive
    uint32_t life;      // of the host
    enum role role;
    struct kith_ref ref;
    struct kith_ref favourites[3]; // whom it sends to most of the time
    struct kith_ref heard;         // who sent it the last letter
    struct kith_process *self;     // NULL until it runs
    struct random random;
    bool ended, tied, selecting;
    enum kith_error reason;
    uint64_t started_ns, ended_ns;
    uint32_t acts;   // left until it ends by itself
    bool winding_up; // begins nothing new, and keeps nothing for later
    bool idle;       // has nothing under way and only receives
    bool was_full;   // its mailbox was, once
    const char *doing;
    uint64_t doing_until_ns; // deadline, on the world's clock

    struct kith_message *held[HELD_MOST]; // requests to be answered later
    uint32_t held_count;
    struct letter *waiting[WAITING_MOST]; // requests without an outcome
    uint64_t waiting_id[WAITING_MOST];
    uint32_t waiting_count;
    struct monitor monitors[MONITORS_MOST];
    uint32_t monitor_count;
    struct own_name names[OWN_NAMES_MOST];
    uint32_t name_count;
    uint32_t asked_names; // bits: those it ever wanted to register
    uint64_t watch;
    struct counted *counted;
    size_t counted_count;
};

// A machine with one endpoint, on which one node after the other lives.
struct host {
    struct world *world;
    uint32_t number;
    char name[16];
    struct kith_endpoint endpoint;
    uint64_t clock_offset_ns; // its clock is ahead of the world's by this
    struct random random;
    uint32_t lives; // nodes so far; raised with each end, too

    bool up, leaving;
    bool touched; // by a fault that may cut it off from others, in this run
    uint32_t loss_per_million, loss_faults;
    uint32_t slow_faults, slow_links, refuse_faults;
    uint64_t incarnation; // of the node that is up, or was last
    struct kith_platform_sim *platform;
    struct kith_node *node;
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_ref naming;

    uint64_t booted_ns;
    uint64_t run_ns;      // when it has something to do; UINT64_MAX: only if something arrives
    uint64_t stalled_ns;  // does nothing until then
    uint64_t slow_ns;     // added to each step
    uint64_t return_ns;   // down, and starts again then; UINT64_MAX: stays down
    uint64_t leave_ns;    // leaving, and closed then at the latest
    uint64_t spawn_ns;    // looks again whether there are actors enough
    uint32_t spawned;     // in the place of others
    uint32_t actor_count; // alive
    uint64_t steps;
};

struct fault {
    uint64_t start_ns, end_ns;
    enum fault_kind kind;
    uint64_t group; // bits of hosts
    uint32_t host, other;
    uint64_t amount; // of what is wrong
    bool started, ended;
};

struct check;

struct check_run {
    const struct check *check;
    void *state;
};

struct world {
    struct scenario scenario;
    struct random random;
    uint64_t now_ns;
    struct kith_loop_network *network;
    struct host hosts[HOSTS_MOST];
    uint8_t linked[HOSTS_MOST][HOSTS_MOST];   // [a][b]: a connects to b
    uint32_t blocked[HOSTS_MOST][HOSTS_MOST]; // [a][b]: partitions on the way from a to b
    struct fault faults[FAULTS_MOST];

    struct actor **actors; // all that ever were
    size_t actor_count, actor_capacity;
    struct actor **alive;
    size_t alive_count, alive_capacity;
    struct map actors_by_ref, hosts_by_incarnation;
    struct letter **letters;
    size_t letter_count, letter_capacity;

    bool quitting;  // actors begin nothing new
    bool finishing; // actors end
    struct check_run checks[CHECKS_MOST];
    size_t check_count;
    bool failed;
    char failure[1024];
    const char *failed_check, *failed_guarantee;

    FILE *trace; // NULL: none
    uint64_t steps, events;
    uint64_t digest; // of all events
};

// world.c
void open_world(struct world *world, const struct scenario *scenario, FILE *trace);
void run_world(struct world *world); // the whole course; see world->failed
void close_world(struct world *world);
void run_until(struct world *world, uint64_t until_ns);
void emit(struct world *world, const struct event *event);
void emit_fault(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The first failure counts; the run ends at the next opportunity.
void fail(struct world *world, const struct check *check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// host.c
void boot_host(struct host *host);
void crash_host(struct host *host);
void begin_leaving(struct host *host);
void run_host(struct host *host);
uint64_t host_next_ns(const struct host *host);
uint64_t host_clock(const struct host *host, uint64_t world_ns);
struct host *find_host(struct world *world, uint64_t incarnation); // that is or was that; or NULL
bool is_peer(const struct world *world, const struct host *a, const struct host *b);
// Connections between them that have broken so far, and lives that ended.
uint64_t count_broken(struct world *world, const struct host *a, const struct host *b);

// fault.c
void draw_faults(struct world *world);
void run_faults(struct world *world); // starts and ends those that are due
uint64_t faults_next_ns(const struct world *world);
void heal_world(struct world *world); // ends all

// actor.c
void spawn_actor(struct host *host);
struct actor *find_actor(const struct world *world, struct kith_ref ref);
void end_actor(struct actor *actor, enum kith_error reason); // it has ended
void end_actors_of(struct host *host);                       // with their node
void free_actor(struct actor *actor);
void run_actor(struct kith_process *self, void *argument);
uint64_t world_deadline(const struct actor *actor, uint64_t after_ns); // on its node's clock
void take_message(struct actor *actor, struct kith_message *message);
void begin_wait(struct actor *actor, const char *doing, uint64_t deadline_ns);
void end_wait(struct actor *actor);

void take_outcome(struct actor *actor, struct kith_message *message);
void serve_request(struct actor *actor, struct kith_message *message);

// act_*.c: each does one thing, blocking, and gives KILLED if it was told to end
enum kith_error act_send(struct actor *actor);
enum kith_error act_burst(struct actor *actor);
enum kith_error act_farewell(struct actor *actor); // the last that it does
enum kith_error act_call(struct actor *actor);
enum kith_error act_request(struct actor *actor);
enum kith_error act_await(struct actor *actor); // one of the requests under way
enum kith_error act_receive(struct actor *actor);
enum kith_error act_select(struct actor *actor);
enum kith_error act_answer(struct actor *actor); // one of those held
enum kith_error act_monitor(struct actor *actor);
enum kith_error act_unmonitor(struct actor *actor);
enum kith_error act_tie(struct actor *actor);
enum kith_error act_kill(struct actor *actor);
enum kith_error act_register(struct actor *actor);
enum kith_error act_release(struct actor *actor);
enum kith_error act_look_up(struct actor *actor);
enum kith_error act_wait_name(struct actor *actor);
enum kith_error act_watch(struct actor *actor);
enum kith_error act_unwatch(struct actor *actor);
enum kith_error act_send_named(struct actor *actor);
enum kith_error act_sleep(struct actor *actor);

// letters.c
struct letter *new_letter(struct actor *actor, struct kith_ref target, enum letter_kind kind);
struct letter *find_letter(const struct world *world, uint64_t number);
// A message with the letter's note in it; NULL if there is no memory, or too little room.
struct kith_message *write_letter(struct actor *actor, struct letter *letter);
void write_note(struct actor *actor, struct letter *letter, struct kith_ref target, void *data,
                size_t size);
// The note in a message, checked byte by byte; NULL if there is none, and a failure if it's wrong.
const struct note *read_note(struct world *world, const struct kith_message *message);
struct kith_ref choose_target(struct actor *actor);

// trace.c
void trace_event(struct world *world, const struct event *event);
char *ref_text(const struct world *world, struct kith_ref ref, char text[REF_TEXT_SIZE]);

#endif
