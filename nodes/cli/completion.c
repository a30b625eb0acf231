// SPDX-License-Identifier: Apache-2.0
// Completion for bash: words of the table, and nodes and names of the running cluster.
#include "help.h"

#include <string.h>

static const char *const prologue =
    "# bash completion for kith\n"
    "_kith_ask()\n"
    "{\n"
    "    kith \"${node[@]}\" --timeout 1s -o json \"$@\" 2>/dev/null\n"
    "}\n"
    "_kith_values()\n"
    "{\n"
    "    sed -n \"s/.*\\\"$1\\\":\\\"\\([^\\\"]*\\)\\\".*/\\1/p\" <<<\"${2//\\}/$'\\n'}\"\n"
    "}\n"
    "_kith_nodes()\n"
    "{\n"
    "    local json=$(_kith_ask node ls)\n"
    "    _kith_values name \"$json\"\n"
    "    _kith_values endpoint \"$json\"\n"
    "}\n"
    "_kith_names()\n"
    "{\n"
    "    _kith_values name \"$(_kith_ask name ls)\" | sort -u\n"
    "}\n"
    "_kith()\n"
    "{\n"
    "    local cur prev words cword i command= arguments=0 node=()\n"
    "    # Addresses contain ':', which would end a word.\n"
    "    if declare -F _get_comp_words_by_ref >/dev/null; then\n"
    "        _get_comp_words_by_ref -n : cur prev words cword\n"
    "    else\n"
    "        cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "        words=(\"${COMP_WORDS[@]}\") cword=$COMP_CWORD\n"
    "    fi\n"
    "    for ((i = 1; i < cword; i++)); do\n"
    "        case ${words[i]} in\n"
    "        --node | -n)\n"
    "            node=(--node \"${words[++i]}\")\n"
    "            ;;\n";

static const char *const epilogue = "    if declare -F __ltrim_colon_completions >/dev/null; then\n"
                                    "        __ltrim_colon_completions \"$cur\"\n"
                                    "    fi\n"
                                    "}\n"
                                    "complete -o default -F _kith kith\n";

// Options with a value swallow the next word.
static void write_value_options(FILE *out)
{
    const struct kithi_command *command;
    fputs("        --output | -o | --timeout | -t", out);
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        for (const struct kith_option *option = command->options; option->name != NULL; option++) {
            if (option->value != NULL)
                fprintf(out, " | --%s", option->name);
        }
    }
    fputs(")\n            ((i++))\n            ;;\n        -*) ;;\n", out);
}

// The command's name is gathered word by word: "node", then "node ls".
static void write_word_reader(FILE *out)
{
    const struct kithi_group *group;
    fputs("        *)\n            case $command in\n            ''", out);
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++)
        fprintf(out, " | %s", group->name);
    fputs(")\n                command=${command:+$command }${words[i]}\n"
          "                ;;\n            *) ((arguments++)) ;;\n            esac\n"
          "            ;;\n        esac\n    done\n",
          out);
}

static void write_words(FILE *out, const char *group)
{
    const struct kithi_command *command;
    const struct kithi_group *other;
    const char *gap = "";
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        bool belongs = group == NULL ? command->group == NULL
                                     : command->group != NULL && strcmp(command->group, group) == 0;
        if (belongs) {
            fprintf(out, "%s%s", gap, command->name);
            gap = " ";
        }
    }
    for (size_t i = 0; group == NULL && (other = kithi_group_at(i)) != NULL; i++)
        fprintf(out, "%s%s", gap, other->name);
}

static void write_options(FILE *out, const struct kithi_command *command)
{
    for (size_t i = 0; command != NULL && command->options[i].name != NULL; i++)
        fprintf(out, "--%s ", command->options[i].name);
    for (size_t i = 0; i < KITHI_GENERAL_COUNT; i++)
        fprintf(out, "--%s%s", kithi_general_options[i].name,
                i + 1 < KITHI_GENERAL_COUNT ? " " : "");
}

static void write_group_case(FILE *out, const char *group)
{
    fprintf(out, "    '%s')\n        offer=\"", group != NULL ? group : "");
    write_words(out, group);
    fputs("\"\n        options=\"", out);
    write_options(out, NULL);
    fputs("\"\n        ;;\n", out);
}

static void write_command_case(FILE *out, const struct kithi_command *command)
{
    fprintf(out, "    '%s%s%s')\n        options=\"", command->group != NULL ? command->group : "",
            command->group != NULL ? " " : "", command->name);
    write_options(out, command);
    fputs("\"\n", out);
    for (unsigned i = 0; command->arguments[i].name != NULL; i++) {
        const char *offer = NULL;
        if (command->arguments[i].kind == KITHI_ARGUMENT_NODE)
            offer = "$(_kith_nodes)";
        else if (command->arguments[i].kind != KITHI_ARGUMENT_TEXT)
            offer = "$(_kith_names)";
        else if (strcmp(command->arguments[i].name, "SHELL") == 0)
            offer = command->arguments[i].help;
        if (offer != NULL)
            fprintf(out, "        [[ $arguments -ne %u || $cur == -* ]] || offer=\"%s\"\n", i,
                    offer);
    }
    fputs("        ;;\n", out);
}

void kithi_complete_bash(FILE *out)
{
    const struct kithi_command *command;
    const struct kithi_group *group;
    fputs(prologue, out);
    write_value_options(out);
    write_word_reader(out);
    fputs("    case $prev in\n"
          "    --output | -o)\n        COMPREPLY=($(compgen -W \"text json\" -- \"$cur\"))\n"
          "        return\n        ;;\n    esac\n"
          "    local offer= options=\n    case $command in\n",
          out);
    write_group_case(out, NULL);
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++)
        write_group_case(out, group->name);
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++)
        write_command_case(out, command);
    fputs("    esac\n"
          "    [[ $cur != -* ]] || offer=$options\n"
          "    COMPREPLY=($(compgen -W \"$offer\" -- \"$cur\"))\n",
          out);
    fputs(epilogue, out);
}
