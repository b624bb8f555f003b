package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// watched is a running informer for config maps, and what its handlers were told.
type watched struct {
	factory informers.SharedInformerFactory
	events  chan string
}

// watch starts an informer for config maps of the driver and waits until it has all there is.
func watch(ctx context.Context, w world, resync time.Duration, selector string) (watched, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(w.client, resync, informers.WithNamespace(w.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = selector }))
	it := watched{factory: factory, events: make(chan string, 100)}
	handlers := cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, initial bool) {
			it.events <- fmt.Sprintf("add %s initial=%t", described(object), initial)
		},
		UpdateFunc: func(before, after any) {
			same := before.(*corev1.ConfigMap).ResourceVersion == after.(*corev1.ConfigMap).ResourceVersion
			it.events <- fmt.Sprintf("update %s to %s same=%t", described(before), described(after), same)
		},
		DeleteFunc: func(object any) {
			it.events <- fmt.Sprintf("delete %s", described(object))
		},
	}
	registration, err := factory.Core().V1().ConfigMaps().Informer().AddEventHandler(handlers)
	if err != nil {
		return it, err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		return it, fmt.Errorf("the informer has not synced: %w", ctx.Err())
	}
	return it, nil
}

func described(object any) string {
	it, ok := object.(*corev1.ConfigMap)
	if !ok {
		return fmt.Sprintf("%T", object)
	}
	return fmt.Sprintf("%s(k=%s, labels=%s)", it.Name, it.Data["k"], labels.Set(it.Labels))
}

// expect prints the next events, in an order of their own where several come at once.
func (it watched) expect(ctx context.Context, count int) error {
	var all []string
	for range count {
		select {
		case event := <-it.events:
			all = append(all, event)
		case <-ctx.Done():
			return fmt.Errorf("after %q no more events: %w", all, ctx.Err())
		}
	}
	sort.Strings(all)
	fmt.Println(strings.Join(all, "\n"))
	return nil
}

// informer sees what is there and each change.
func informer(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	for _, name := range []string{"a", "b"} {
		if _, err := maps.Create(ctx, configMap(name, "1"), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	it, err := watch(ctx, w, 0, "made=by-driver")
	if err != nil {
		return err
	}
	if err := it.expect(ctx, 2); err != nil {
		return err
	}
	if _, err := maps.Create(ctx, configMap("c", "1"), metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := it.expect(ctx, 1); err != nil {
		return err
	}
	if _, err := maps.Update(ctx, configMap("a", "2"), metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := it.expect(ctx, 1); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "b", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := it.expect(ctx, 1); err != nil {
		return err
	}
	all, err := it.factory.Core().V1().ConfigMaps().Lister().ConfigMaps(w.namespace).List(labels.Everything())
	if err != nil {
		return err
	}
	var names []string
	for _, each := range all {
		names = append(names, described(each))
	}
	sort.Strings(names)
	fmt.Println("in the cache:", strings.Join(names, " "))
	return nil
}

// selector sees objects come into its selection and leave it.
func selector(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	if _, err := maps.Create(ctx, configMap("s", "1"), metav1.CreateOptions{}); err != nil {
		return err
	}
	it, err := watch(ctx, w, 0, "chosen=yes")
	if err != nil {
		return err
	}
	for _, patch := range []string{
		`{"metadata":{"labels":{"chosen":"yes"}}}`, `{"data":{"k":"2"}}`, `{"metadata":{"labels":{"chosen":"no"}}}`,
	} {
		if _, err := maps.Patch(ctx, "s", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			return err
		}
		if err := it.expect(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

// resync sees each object again without a change.
func resync(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	one := configMap("r", "1")
	one.Labels["resync"] = "yes"
	if _, err := maps.Create(ctx, one, metav1.CreateOptions{}); err != nil {
		return err
	}
	it, err := watch(ctx, w, time.Second, "resync=yes")
	if err != nil {
		return err
	}
	return it.expect(ctx, 2)
}
