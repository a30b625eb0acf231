// SPDX-License-Identifier: Apache-2.0
// What the commands of the table do. Each gives the exit code.
#ifndef KITHI_HANDLERS_H
#define KITHI_HANDLERS_H

struct kithi_session;

int kithi_run_node_ls(struct kithi_session *session);
int kithi_run_node_info(struct kithi_session *session);
int kithi_run_node_ping(struct kithi_session *session);
int kithi_run_name_ls(struct kithi_session *session);
int kithi_run_name_resolve(struct kithi_session *session);
int kithi_run_name_find(struct kithi_session *session);
int kithi_run_name_watch(struct kithi_session *session);
int kithi_run_name_wait(struct kithi_session *session);
int kithi_run_proc_ls(struct kithi_session *session);
int kithi_run_proc_info(struct kithi_session *session);
int kithi_run_send(struct kithi_session *session);
int kithi_run_call(struct kithi_session *session);
int kithi_run_bench(struct kithi_session *session);
// What can be checked before there is a node.
int kithi_check_node_ping(struct kithi_session *session);
int kithi_check_name_watch(struct kithi_session *session);
int kithi_check_proc_info(struct kithi_session *session);
int kithi_check_proc_ls(struct kithi_session *session);
int kithi_check_send(struct kithi_session *session);
int kithi_check_bench(struct kithi_session *session);

int kithi_run_completion(struct kithi_session *session);
int kithi_run_version(struct kithi_session *session);

#endif
