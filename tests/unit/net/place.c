// SPDX-License-Identifier: Apache-2.0
// Who gets a place when there are few.
#include "fixture.h"

static void allow_three(struct fixture *fixture)
{
    fixture->limits.routes = 3;
}

// What becomes of one more node, at an address of its own.
static bool gets_in(struct fixture *fixture, struct peer *peer, uint64_t incarnation,
                    const char *address)
{
    peer_init(peer, fixture, incarnation, address);
    peer_connect(peer, address);
    expect_frame(peer, KITH_FRAME_HELLO);
    peer_greet(peer);
    if (peer->connection->ended) {
        assert_int_equal(expect_frame(peer, KITH_FRAME_GOODBYE).error, KITH_ERROR_LIMIT);
        return false;
    }
    expect_frame(peer, KITH_FRAME_OFFER);
    peer_say(peer, KITH_FRAME_ACCEPT, KITH_OK);
    return link_state(fixture, incarnation) == KITH_LINK_UP;
}

// Three links, of which the first has been up for a while.
static void fill(struct fixture *fixture, struct peer peers[3])
{
    static const char *const addresses[] = {"10.0.0.2:7400", "10.0.0.3:7400", "10.0.0.4:7400"};
    for (uint64_t i = 0; i < 3; i++) {
        peer_up(&peers[i], fixture, FOLLOWER + i, addresses[i]);
        run_for(fixture, i == 0 ? 2000 : 0);
        peer_say(&peers[0], KITH_FRAME_ACCEPT, KITH_OK); // it is heard
    }
}

static void while_all_are_up_nobody_gives_way(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peers[3], newcomer;
    open_fixture(&fixture, allow_three);
    fill(&fixture, peers);
    assert_false(gets_in(&fixture, &newcomer, FOLLOWER + 3, "10.0.0.5:7400"));
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(link_state(&fixture, FOLLOWER + i), KITH_LINK_UP);
    }
    close_fixture(&fixture);
}

static void of_lost_links_the_one_that_was_up_shortest_gives_way(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peers[3], newcomer, another;
    open_fixture(&fixture, allow_three);
    fill(&fixture, peers);
    fake_closed(peers[0].connection, KITH_ERROR_UNREACHABLE);
    fake_closed(peers[1].connection, KITH_ERROR_UNREACHABLE);
    assert_true(gets_in(&fixture, &newcomer, FOLLOWER + 3, "10.0.0.5:7400"));
    assert_true(has_link(&fixture, FOLLOWER));
    assert_false(has_link(&fixture, FOLLOWER + 1));
    assert_int_equal(link_state(&fixture, FOLLOWER + 2), KITH_LINK_UP);
    assert_true(gets_in(&fixture, &another, FOLLOWER + 4, "10.0.0.6:7400"));
    assert_false(has_link(&fixture, FOLLOWER));
    close_fixture(&fixture);
}

static void a_lost_link_that_is_wanted_keeps_its_place(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peers[3], newcomer;
    open_fixture(&fixture, allow_three);
    fill(&fixture, peers);
    struct kith_endpoint wanted = endpoint("10.0.0.3:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &wanted), KITH_OK);
    fake_closed(peers[1].connection, KITH_ERROR_UNREACHABLE);
    assert_false(gets_in(&fixture, &newcomer, FOLLOWER + 3, "10.0.0.5:7400"));
    assert_true(has_link(&fixture, FOLLOWER + 1));
    close_fixture(&fixture);
}

static void allow_one(struct fixture *fixture)
{
    fixture->limits.routes = 1;
}

// The node looks for a peer that it has lost, and meets another at its endpoint.
static void meet_successor(uint64_t successor)
{
    struct fixture fixture;
    struct peer lost, met, third;
    open_fixture(&fixture, allow_one);
    peer_up(&lost, &fixture, FOLLOWER, "10.0.0.2:7400");
    fake_closed(lost.connection, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 100);
    peer_init(&met, &fixture, successor, "10.0.0.2:7400");
    peer_answer(&met);
    peer_shake_hands(&met);
    assert_int_equal(link_state(&fixture, successor), KITH_LINK_UP);
    assert_false(has_link(&fixture, FOLLOWER));
    fake_closed(met.connection, KITH_ERROR_UNREACHABLE); // and so on: the place isn't lost
    assert_true(gets_in(&fixture, &third, FOLLOWER + 5, "10.0.0.3:7400"));
    close_fixture(&fixture);
}

static void who_is_met_where_a_lost_one_was_takes_its_place(void **state)
{
    (void)state;
    meet_successor(FOLLOWER + 1);
    meet_successor(DECIDER);
}

// Seven of one address, of eight.
static void crowd(struct fixture *fixture, struct peer *peer)
{
    char address[] = "10.0.0.2:7400";
    for (uint64_t i = 0; i < 7; i++) {
        assert_true(gets_in(fixture, peer, FOLLOWER + i, address));
        address[sizeof address - 2]++;
    }
    peer_init(peer, fixture, FOLLOWER + 7, address);
}

static void the_last_place_is_for_an_address_without_any(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    crowd(&fixture, &peer);
    assert_false(gets_in(&fixture, &peer, FOLLOWER + 7, "10.0.0.2:7409"));
    assert_true(gets_in(&fixture, &peer, FOLLOWER + 8, "10.0.0.3:7400"));
    close_fixture(&fixture);
}

static void who_comes_for_a_moment_may_have_it_too(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    crowd(&fixture, &peer);
    peer.hello.transient = true;
    peer_connect(&peer, "10.0.0.2:7409");
    peer_shake_hands(&peer);
    assert_int_equal(link_state(&fixture, FOLLOWER + 7), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void a_crowded_address_does_not_get_the_place_of_another(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, honest;
    open_fixture(&fixture, NULL);
    peer_up(&honest, &fixture, DECIDER, "10.0.0.3:7400");
    for (uint64_t i = 0; i < 6; i++) {
        char address[] = "10.0.0.2:7400";
        address[sizeof address - 2] += (char)i;
        assert_true(gets_in(&fixture, &peer, FOLLOWER + i, address));
    }
    fake_closed(honest.connection, KITH_ERROR_UNREACHABLE);
    assert_false(gets_in(&fixture, &peer, FOLLOWER + 7, "10.0.0.2:7409"));
    assert_true(has_link(&fixture, DECIDER));
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_all_are_up_nobody_gives_way),
        cmocka_unit_test(of_lost_links_the_one_that_was_up_shortest_gives_way),
        cmocka_unit_test(a_lost_link_that_is_wanted_keeps_its_place),
        cmocka_unit_test(who_is_met_where_a_lost_one_was_takes_its_place),
        cmocka_unit_test(who_comes_for_a_moment_may_have_it_too),
        cmocka_unit_test(a_crowded_address_does_not_get_the_place_of_another),
        cmocka_unit_test(the_last_place_is_for_an_address_without_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
