package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

// typedErrors are what client-go makes of refusals.
func typedErrors(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	_, err := maps.Get(ctx, "nope", metav1.GetOptions{})
	report("get", err)
	made, err := maps.Create(ctx, configMap("e", "1"), metav1.CreateOptions{})
	report("create", err)
	_, err = maps.Create(ctx, configMap("e", "1"), metav1.CreateOptions{})
	report("create again", err)
	_, err = maps.Create(ctx, configMap("Not_A_Name", "1"), metav1.CreateOptions{})
	report("create a bad one", err)
	if _, err := maps.Update(ctx, configMap("e", "2"), metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err = maps.Update(ctx, made, metav1.UpdateOptions{})
	report("update an old one", err)
	uid := made.UID + "x"
	err = maps.Delete(ctx, "e", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	fmt.Println("delete another one:", apierrors.ReasonForError(err))
	_, err = w.client.CoreV1().ConfigMaps("not-there-at-all").Create(ctx, configMap("e", "1"), metav1.CreateOptions{})
	report("create elsewhere", err)
	return nil
}

func report(title string, err error) {
	fmt.Printf("%s: reason=%q\n", title, apierrors.ReasonForError(err))
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return
	}
	it := status.Status()
	fmt.Println("  ", it.Code, it.Message)
	if it.Details == nil {
		return
	}
	fmt.Printf("   %s %s %q\n", it.Details.Group, it.Details.Kind, it.Details.Name)
	for _, cause := range it.Details.Causes {
		fmt.Println("   cause", cause.Type, cause.Field, cause.Message)
	}
}

// pages walks a list two by two while it changes.
func pages(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	for number := range 5 {
		if _, err := maps.Create(ctx, configMap("p"+strconv.Itoa(number), "1"), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	options := metav1.ListOptions{LabelSelector: "made=by-driver", FieldSelector: "metadata.name!=p1", Limit: 2}
	for {
		list, err := maps.List(ctx, options)
		if err != nil {
			return err
		}
		var names []string
		for _, each := range list.Items {
			names = append(names, each.Name)
		}
		fmt.Println("page", names, "goes on", list.Continue != "", "remaining known", list.RemainingItemCount != nil)
		if list.Continue == "" {
			break
		}
		// Gone for whoever asks now, and still there for who has begun.
		if err := maps.Delete(ctx, "p4", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		options.Continue = list.Continue
	}
	// The same by client-go's own walk.
	count := 0
	list := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return maps.List(ctx, options)
	}
	walk := pager.New(list)
	walk.PageSize = 1
	err := walk.EachListItem(ctx, metav1.ListOptions{LabelSelector: "made=by-driver"}, func(runtime.Object) error {
		count++
		return nil
	})
	fmt.Println("walked over", count)
	return err
}

// conflicts lets four writers count one number up, each with retries.
func conflicts(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	if _, err := maps.Create(ctx, configMap("count", "0"), metav1.CreateOptions{}); err != nil {
		return err
	}
	patience := retry.DefaultBackoff
	patience.Steps = 100
	patience.Factor = 1
	var writers sync.WaitGroup
	failures := make(chan error, 4)
	for range 4 {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for range 10 {
				err := retry.RetryOnConflict(patience, func() error {
					current, err := maps.Get(ctx, "count", metav1.GetOptions{})
					if err != nil {
						return err
					}
					value, err := strconv.Atoi(current.Data["k"])
					if err != nil {
						return err
					}
					current.Data["k"] = strconv.Itoa(value + 1)
					_, err = maps.Update(ctx, current, metav1.UpdateOptions{})
					return err
				})
				if err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	writers.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	current, err := maps.Get(ctx, "count", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fmt.Println("counted to", current.Data["k"])
	return nil
}

// election lets two candidates follow each other.
func election(ctx context.Context, w world) error {
	for _, name := range []string{"one", "two"} {
		lock, err := resourcelock.New(resourcelock.LeasesResourceLock, w.namespace, "leader", w.client.CoreV1(),
			w.client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: name})
		if err != nil {
			return err
		}
		own, resign := context.WithCancel(ctx)
		leaderelection.RunOrDie(own, leaderelection.LeaderElectionConfig{
			Lock: lock, ReleaseOnCancel: true, LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second,
			RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) {
					fmt.Println(name, "leads")
					resign()
				},
				OnStoppedLeading: func() { fmt.Println(name, "leads no more") },
			},
		})
		resign()
	}
	lease, err := w.client.CoordinationV1().Leases(w.namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("holder %q, transitions %d\n", *lease.Spec.HolderIdentity, *lease.Spec.LeaseTransitions)
	return nil
}

// dynamicClient finds a resource by its short name and works without types.
func dynamicClient(ctx context.Context, w world) error {
	groups, err := restmapper.GetAPIGroupResources(w.client.Discovery())
	if err != nil {
		return err
	}
	mapper := restmapper.NewShortcutExpander(restmapper.NewDiscoveryRESTMapper(groups), w.client.Discovery(), nil)
	resource, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: "deploy"})
	if err != nil {
		return err
	}
	fmt.Println("deploy is", resource.String())
	client, err := dynamic.NewForConfig(w.config)
	if err != nil {
		return err
	}
	secrets := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(w.namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "d"},
		"stringData": map[string]any{"k": "v"},
	}}
	made, err := secrets.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := show("data", made.Object["data"]); err != nil {
		return err
	}
	applied, err := secrets.Apply(ctx, "d", &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "d", "labels": map[string]any{"l": "m"}},
	}}, metav1.ApplyOptions{FieldManager: "dynamic"})
	if err != nil {
		return err
	}
	fmt.Println("labels", applied.GetLabels())
	list, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: "l=m"})
	if err != nil {
		return err
	}
	fmt.Println("listed", len(list.Items), list.GetKind(), list.Items[0].GetKind())
	return secrets.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "l=m"})
}

// metadataClient asks for metadata alone.
func metadataClient(ctx context.Context, w world) error {
	if _, err := w.client.CoreV1().ConfigMaps(w.namespace).Create(ctx, configMap("m", "1"), metav1.CreateOptions{}); err != nil {
		return err
	}
	client, err := metadata.NewForConfig(w.config)
	if err != nil {
		return err
	}
	maps := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(w.namespace)
	one, err := maps.Get(ctx, "m", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fmt.Println(one.Name, one.Labels)
	list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "made=by-driver", FieldSelector: "metadata.name=m"})
	if err != nil {
		return err
	}
	fmt.Println("listed", len(list.Items), list.Items[0].Labels)
	watch, err := maps.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=m", ResourceVersion: "0"})
	if err != nil {
		return err
	}
	defer watch.Stop()
	event := <-watch.ResultChan()
	fmt.Printf("watched %s %T\n", event.Type, event.Object)
	return nil
}
