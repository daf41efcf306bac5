// An addon whose cleanup takes its time: 50 turns of a timer of libuv's, by the asynchronous hook that Node-API has for that. The
// event loop goes on meanwhile, after the environments of other addons have ended. It takes the memory that becomes free, and
// aborts if somebody else writes into it.
//
// What it calls is declared here, so that building it needs no headers of Node's.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_async_cleanup_hook_handle__ *hook_handle;

int napi_add_async_cleanup_hook(napi_env, void (*)(hook_handle, void *), void *, hook_handle *);
int napi_remove_async_cleanup_hook(hook_handle);
int napi_get_uv_event_loop(napi_env, void **);
size_t uv_handle_size(int);
int uv_timer_init(void *, void *);
int uv_timer_start(void *, void (*)(void *), uint64_t, uint64_t);
void uv_close(void *, void (*)(void *));
void uv_handle_set_data(void *, void *);
void *uv_handle_get_data(const void *);

#define UV_TIMER 13
#define TURNS 50
#define SIZES 64 // of 16, 32, … bytes
#define BLOCKS 16 // of each size in each turn

static void *event_loop;
static unsigned char *blocks[TURNS][SIZES][BLOCKS];
static int turn;

static size_t size_of(int size) { return 16 * (size_t)(size + 1); }

static void take_memory(void) {
  for (int size = 0; size < SIZES; size++) {
    for (int block = 0; block < BLOCKS; block++) {
      blocks[turn][size][block] = memset(malloc(size_of(size)), 0xa5, size_of(size));
    }
  }
}

static void check_memory(void) {
  for (int at = 0; at < TURNS; at++) {
    for (int size = 0; size < SIZES; size++) {
      for (int block = 0; block < BLOCKS; block++) {
        for (size_t byte = 0; byte < size_of(size); byte++) {
          if (blocks[at][size][block][byte] != 0xa5) abort();
        }
      }
    }
  }
}

static void on_closed(void *timer) {
  napi_remove_async_cleanup_hook(uv_handle_get_data(timer));
  free(timer);
}

static void on_time(void *timer) {
  take_memory();
  if (++turn < TURNS) return;
  check_memory();
  uv_close(timer, on_closed);
}

static void clean_up(hook_handle handle, void *data) {
  (void)data;
  void *timer = calloc(1, uv_handle_size(UV_TIMER));
  uv_timer_init(event_loop, timer);
  uv_handle_set_data(timer, handle);
  uv_timer_start(timer, on_time, 0, 1);
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_get_uv_event_loop(env, &event_loop);
  napi_add_async_cleanup_hook(env, clean_up, NULL, NULL);
  return exports;
}
