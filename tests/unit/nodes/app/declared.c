// SPDX-License-Identifier: Apache-2.0
// Mistakes in what a program says about itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <naming.pb-c.h>

#include "app.h"

static void run(struct kith_process *self, void *argument)
{
    (void)self, (void)argument;
}

static enum kith_error handle(struct kith_serving *serving, const void *request, void *reply)
{
    (void)serving, (void)request, (void)reply;
    return KITH_OK;
}

static const struct kith_handler handlers[] = {{"Lookup", handle}, {NULL, NULL}};

static const struct kith_app good = {
    .program = "good",
    .version = "1",
    .settings = {{.key = "workers", .type = KITH_SETTING_NUMBER, .initial = "2", .help = "some"},
                 {.key = "color",
                  .type = KITH_SETTING_CHOICE,
                  .letter = 'x',
                  .choices = "red green",
                  .help = "which"}},
    .processes = {{.name = "a", .entry = run, .instances = "workers"},
                  {.name = "b", .service = &kith__naming__descriptor, .handlers = handlers}},
};

static struct kith_app app;
static struct kithi_problems problems;

static int set_up(void **state)
{
    (void)state;
    app = good;
    problems = (struct kithi_problems){.kept = 0};
    return 0;
}

static void expect_only(const char *text)
{
    kithi_app_check(&app, &problems);
    if (problems.errors != 1 || strstr(problems.texts[0], text) == NULL)
        print_error("%zu problems; the first: %s\n", problems.errors, problems.texts[0]);
    assert_int_equal(problems.errors, 1);
    assert_non_null(strstr(problems.texts[0], text));
}

static void a_good_one_has_no_problems(void **state)
{
    (void)state;
    kithi_app_check(&app, &problems);
    assert_int_equal(problems.errors + problems.warnings, 0);
}

static void a_method_that_the_service_has_not_got_is_named(void **state)
{
    (void)state;
    static const struct kith_handler wrong[] = {{"Lokup", handle}, {NULL, NULL}};
    app.processes[1].handlers = wrong;
    expect_only("processes[1] 'b': service kith.Naming has no method 'Lokup'");
}

static void a_service_needs_handlers(void **state)
{
    (void)state;
    app.processes[1].handlers = NULL;
    expect_only("processes[1] 'b': a service without handlers");
}

static void a_process_needs_one_of_entry_and_service(void **state)
{
    (void)state;
    app.processes[0].entry = NULL;
    expect_only("processes[0] 'a': neither an entry nor a service");
}

static void a_process_can_not_have_both(void **state)
{
    (void)state;
    app.processes[1].entry = run;
    expect_only("processes[1] 'b': an entry and a service");
}

static void a_row_after_an_empty_one_is_told(void **state)
{
    (void)state;
    app.processes[3] = app.processes[0];
    expect_only("processes[3]: it comes after an empty row");
}

static void names_are_checked(void **state)
{
    (void)state;
    app.processes[0].name = "a/b";
    expect_only("processes[0] 'a/b': ");
}

static void instances_are_a_setting(void **state)
{
    (void)state;
    app.processes[0].instances = "worker";
    expect_only("processes[0] 'a': its instances: 'worker' is no NUMBER in settings");
}

static void a_version_is_short(void **state)
{
    (void)state;
    app.version = "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15";
    expect_only("version: it may have at most 31 bytes");
}

static void keys_are_checked(void **state)
{
    (void)state;
    app.settings[1].key = "Color";
    expect_only("settings[1] 'Color': a key is");
}

static void a_key_of_kith_is_taken(void **state)
{
    (void)state;
    app.settings[1].key = "listen";
    expect_only("settings[1] 'listen': there is a setting of that key already");
}

static void letters_of_kith_are_taken(void **state)
{
    (void)state;
    for (const char *letter = "chVnlp"; *letter != 0; letter++) {
        set_up(NULL);
        app.settings[1].letter = *letter;
        expect_only("is another option's letter");
    }
}

static void a_letter_is_one(void **state)
{
    (void)state;
    app.settings[1].letter = '-';
    expect_only("settings[1] 'color': its letter is neither a letter nor a digit");
}

static void a_choice_needs_choices(void **state)
{
    (void)state;
    app.settings[1].choices = NULL;
    expect_only("settings[1] 'color': a CHOICE without choices");
}

static void an_initial_value_has_to_fit(void **state)
{
    (void)state;
    app.settings[0].initial = "many";
    expect_only("settings[0] 'workers': initial: expected a whole number");
}

static void a_setting_needs_help(void **state)
{
    (void)state;
    app.settings[0].help = NULL;
    expect_only("settings[0] 'workers': it has no help");
}

static void a_setting_after_an_empty_row_is_told(void **state)
{
    (void)state;
    app.settings[5] = app.settings[0];
    expect_only("settings[5]: it comes after a row without a key");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_one_has_no_problems),
        TEST(a_method_that_the_service_has_not_got_is_named),
        TEST(a_service_needs_handlers),
        TEST(a_process_needs_one_of_entry_and_service),
        TEST(a_process_can_not_have_both),
        TEST(a_row_after_an_empty_one_is_told),
        TEST(names_are_checked),
        TEST(instances_are_a_setting),
        TEST(a_version_is_short),
        TEST(keys_are_checked),
        TEST(a_key_of_kith_is_taken),
        TEST(letters_of_kith_are_taken),
        TEST(a_letter_is_one),
        TEST(a_choice_needs_choices),
        TEST(an_initial_value_has_to_fit),
        TEST(a_setting_needs_help),
        TEST(a_setting_after_an_empty_row_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
